"""What the commands do, as functions: results come back as data, nothing is printed."""
