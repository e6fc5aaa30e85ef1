"""Demo tasks for tests under a real Airflow; the modules contain one or two Dags."""
