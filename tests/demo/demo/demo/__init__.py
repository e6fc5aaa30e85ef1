"""Demo tasks for tests under a real Airflow: each module holds one Dag or two."""
