"""Ask the event logs of any number of jobs: find them, load them, the questions, and the answers for people."""
