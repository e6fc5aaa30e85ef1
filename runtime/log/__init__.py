"""Sends log records to the supervisor."""
