"""The commands of the author's tool, one module each."""
