"""One stage's process: its options, attempts, logs, resources, reuse, and the manifest at the end."""
