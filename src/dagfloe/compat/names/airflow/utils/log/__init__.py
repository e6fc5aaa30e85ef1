"""Airflow's logging, under its older name."""
