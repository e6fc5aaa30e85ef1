"""Dag files as people write them, and a runner that compares each with what `dagfloe adopt` makes of it."""
