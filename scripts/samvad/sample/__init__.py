"""The sample film: a minute and a half made from nothing, whose every line, cut and sound is known exactly."""
