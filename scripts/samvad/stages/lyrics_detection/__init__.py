"""Stage 06: which parts of a film are songs."""
