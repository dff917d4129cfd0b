"""Logs for people, events for machines: what a stage's process writes, how the workflow's one process joins it."""
