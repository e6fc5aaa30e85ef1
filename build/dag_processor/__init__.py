"""What a bundle file holds for Airflow's Dag processor: answers, native Dags and their sources."""
