"""Airflow's definitions."""
