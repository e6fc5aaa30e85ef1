"""The stub Dag file of a bundle."""
