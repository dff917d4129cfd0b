"""What looks back at jobs, from their files alone: verification, history, run crates."""
