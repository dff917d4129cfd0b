"""Subtitles that a film has already, in it or beside it: which there are, and what they say."""
