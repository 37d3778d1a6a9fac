"""The state folder: the file of the ledger with its lock, and the history."""
