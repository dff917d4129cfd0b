"""Stage 07: text that nobody spoke."""
