"""Languages, scripts, and what words sound like."""
