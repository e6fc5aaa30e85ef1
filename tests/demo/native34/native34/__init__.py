"""Native Dags: Airflow gets them from the bundle file itself."""
