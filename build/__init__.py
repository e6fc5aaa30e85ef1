"""Builds the bundle file of an author's project. Nothing of this package goes into the bundle file."""
