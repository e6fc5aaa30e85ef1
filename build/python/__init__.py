"""The Python and the virtual environment of a bundle."""
