"""The operators of the standard provider."""
