"""What a bundle file contains of the distributions in its environment."""
