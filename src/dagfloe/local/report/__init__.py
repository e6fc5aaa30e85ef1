"""A report of a Dag run as one HTML page."""
