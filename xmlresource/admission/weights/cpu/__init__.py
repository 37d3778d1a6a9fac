"""Whether CPU time can be guaranteed to a guest, and by which weights. Thousandths of a CPU."""
