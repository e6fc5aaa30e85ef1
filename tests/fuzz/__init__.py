"""Fuzz targets: functions that must handle any bytes. `make fuzz` searches for bytes that they do not handle."""
