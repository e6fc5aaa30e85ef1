"""Conversion of values: to JSON, to annotated types, and from Airflow's serialization."""
