"""Makes log records of the bytes that a task writes."""
