"""What only one stage needs: a folder for each, by its name."""
