"""What a bundle can do in a whole Airflow, a module for each Dag or two."""
