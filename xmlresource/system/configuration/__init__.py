"""The files that settings stand in: finding and opening them."""
