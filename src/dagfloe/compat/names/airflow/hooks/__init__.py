"""Airflow's hooks."""
