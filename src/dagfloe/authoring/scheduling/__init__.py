"""What authors declare for Airflow's scheduler: options, params and deadlines. Running a task needs none of it."""
