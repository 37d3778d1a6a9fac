"""What hosts tell each other's planner, and decisions from that alone: no machine, no server."""
