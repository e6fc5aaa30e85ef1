"""Runs a task under test in this process."""
