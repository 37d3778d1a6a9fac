"""What may come at a place of a document that is being written."""
