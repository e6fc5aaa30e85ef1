"""Runs one task under the embedded supervisor: its process, sockets and deadlines."""
