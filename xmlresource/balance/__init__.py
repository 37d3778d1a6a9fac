"""Pure decisions, without IO, on moving memory between a host and its running guests."""
