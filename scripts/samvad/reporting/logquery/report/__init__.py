"""The report of a run or of a shelf of films: one HTML file that needs no network."""
