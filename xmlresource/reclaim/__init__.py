"""Pure decisions, without IO, on taking memory back from running guests."""
