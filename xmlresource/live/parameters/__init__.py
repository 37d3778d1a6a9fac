"""The memory parameters of running guests: read, changed, and put back."""
