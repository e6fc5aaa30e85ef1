"""The oldest host that runs a bundle file."""
