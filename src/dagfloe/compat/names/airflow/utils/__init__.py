"""Airflow's helpers, under their older names."""
