"""What is in a film or a sound: facts, samples, shots, events."""
