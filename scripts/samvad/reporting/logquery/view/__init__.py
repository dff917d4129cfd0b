"""All lines of a job in order of time: to be followed, looked through, and gone back from an error to its cause."""
