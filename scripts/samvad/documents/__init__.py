"""What stages and runs write and read: manifests, job folders, the segments document, decisions, subtitle files."""
