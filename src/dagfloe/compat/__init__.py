"""Airflow's names in a bundle: what moved task functions import and receive. Only for projects with `airflow-names`."""
