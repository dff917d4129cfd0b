"""Cues, and the files that hold them."""
