"""Conversion of values: what has a JSON form, what an annotation asks for, and Airflow's own encoded forms."""
