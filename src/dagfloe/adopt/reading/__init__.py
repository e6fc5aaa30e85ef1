"""Reads the source code of a Dag file: what it creates, and what its functions use."""
