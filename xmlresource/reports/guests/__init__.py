"""Reports on guests: what they ask for, take and have, as text and as JSON."""
