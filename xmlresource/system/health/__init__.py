"""The facts that `doctor` judges, read from the machine; nothing is written."""
