"""Airflow's names for a task in a bundle. This is not Airflow: it has what task functions use."""
