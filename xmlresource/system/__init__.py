"""The adapters: the only code that opens files, runs programs, speaks D-Bus or reads the clock."""
