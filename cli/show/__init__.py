"""What the tool shows on a terminal."""
