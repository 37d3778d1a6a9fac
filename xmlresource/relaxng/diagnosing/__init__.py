"""The parts of the second pass: what is wrong with an invalid document, and where."""
