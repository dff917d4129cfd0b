"""Made from nothing: the sample film, whose every line, cut and sound is known, and sounds in which nobody speaks."""
