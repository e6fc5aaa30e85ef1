"""The commands of the author's tool, one per module."""
