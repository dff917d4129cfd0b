"""Stage 03: terms and names, and how each is to be written."""
