"""Stage 04: speech regions, languages, words and their times."""
