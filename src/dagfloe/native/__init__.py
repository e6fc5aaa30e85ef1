"""Turns declarations of Dags into the form in which Airflow 3.4 stores Dags, and checks what Airflow does not check."""
