"""Whether part of what a disk can do can be guaranteed to a guest. Thousandths of a percent."""
