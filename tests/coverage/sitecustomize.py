"""Measure this process, whichever environment it runs in: tests/coverage/run puts this file on Python's path."""

import coverage

coverage.process_startup()
