"""What the tool shows at a terminal."""
