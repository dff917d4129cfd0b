"""Stage 02: what The Movie Database, or a file in its place, says about a film."""
