"""Operations: a function for each command; results come back as data, nothing is printed."""
