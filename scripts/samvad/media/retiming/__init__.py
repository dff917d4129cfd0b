"""A subtitle file brought in time with a film: what the clock of one is on the clock of the other."""
