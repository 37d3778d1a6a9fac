"""The terminal: its screen, a progress bar, and the signals that end a program."""
