"""What all else stands on: errors, files, locks, times, checksums, schemas, programs, and the table of the stages."""
