"""The ledger of a host: what is promised to which guest, on which terms, and for how long."""
