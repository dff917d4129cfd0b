"""Stage 01: what is in the film, and its audio for recognition."""
