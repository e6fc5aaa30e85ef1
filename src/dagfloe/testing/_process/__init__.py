"""Runs a task under test in a process of its own."""
