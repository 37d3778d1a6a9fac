"""Administration of a host: its state, its decisions, its hook and its settings."""
