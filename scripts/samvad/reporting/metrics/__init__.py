"""Figures for Prometheus, derived from the event logs of jobs."""
