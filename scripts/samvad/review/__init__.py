"""The page where a film is finished: its document of lanes, the log of edits, and the server behind it."""
