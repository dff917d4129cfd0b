"""Cut text into cues, break lines, set times, and write subtitle files (stage 09)."""
