"""Snakemake's side: the records of runs, what they lock, what the machine has, what the terminal shows."""
