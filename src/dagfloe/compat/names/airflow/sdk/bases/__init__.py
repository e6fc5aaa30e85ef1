"""The bases of Airflow's classes."""
