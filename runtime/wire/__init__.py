"""Frames, messages and sockets between the task and the supervisor."""
