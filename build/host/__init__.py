"""What a bundle file needs of its host."""
