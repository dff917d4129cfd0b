"""A shelf: a folder of films, of which those that are new get a row in the film sheet."""
