"""Freezes a project with PyInstaller."""
