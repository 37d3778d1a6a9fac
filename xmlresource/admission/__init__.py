"""Whether a guarantee can be promised: five rules, pure functions over facts and the ledger."""
