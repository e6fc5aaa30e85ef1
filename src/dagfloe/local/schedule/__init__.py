"""Decides which task instances of a Dag run are run, and when."""
