"""A Dag run as one HTML page."""
