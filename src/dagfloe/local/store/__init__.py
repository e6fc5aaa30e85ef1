"""What an Airflow deployment would know, in memory and in an SQLite file."""
