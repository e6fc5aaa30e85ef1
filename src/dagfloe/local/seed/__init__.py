"""Fills a store before a run, from a seed file and from environment variables."""
