"""Results as text and as data for other programs; nothing here decides anything."""
