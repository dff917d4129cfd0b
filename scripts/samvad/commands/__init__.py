"""What `samvad COMMAND` runs: a module for each."""
