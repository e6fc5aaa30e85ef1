"""What modules with task functions import from the standard provider."""
