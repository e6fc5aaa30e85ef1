"""The readiness gate: whether this host has a bundle file of each required Dag, and can run it."""
