"""Taking memory back from running guests, and giving it back to them."""
