"""An Airflow with PostgreSQL, Redis and several workers on this machine, and what happens when one ends."""
