"""How far a run is, and how the terminal shows it."""
