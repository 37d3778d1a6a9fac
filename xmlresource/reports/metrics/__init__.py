"""The state of hosts as metrics, in the text format that Prometheus reads."""
