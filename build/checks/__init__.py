"""Compares a frozen program with the project that it was made from, and says how to cure a difference."""
