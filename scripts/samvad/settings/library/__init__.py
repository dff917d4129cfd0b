"""Add a folder of films to the film sheet."""
