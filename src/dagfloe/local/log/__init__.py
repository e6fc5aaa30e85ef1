"""From the bytes that a task writes to log records."""
