"""The task's process: its signals, its children and its host."""
