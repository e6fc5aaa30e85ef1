"""Aggregates Seattle's weather by month."""
