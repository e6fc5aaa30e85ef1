"""The Python and the virtual environment that a bundle is built with."""
