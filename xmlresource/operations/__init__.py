"""What the commands do, as functions: data in, data out, no printing and no exit."""
