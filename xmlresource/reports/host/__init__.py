"""The state, history and settings of a host, as text and as JSON."""
