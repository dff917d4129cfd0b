"""Stage 05: names of people, places and organisations in what was said."""
