"""Whether a guarantee can be promised: pure functions over facts and the ledger."""
