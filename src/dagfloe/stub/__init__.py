"""Writes the stub Dag file of a bundle: Dags whose tasks run in the bundle file."""
