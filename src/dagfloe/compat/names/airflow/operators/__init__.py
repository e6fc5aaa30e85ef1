"""Airflow's operators, under their older names."""
