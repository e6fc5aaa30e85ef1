"""The command line of a bundle file."""
