"""Showing and changing the policy of documents."""
