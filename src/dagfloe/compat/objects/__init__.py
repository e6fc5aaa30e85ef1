"""The objects in Airflow's context."""
