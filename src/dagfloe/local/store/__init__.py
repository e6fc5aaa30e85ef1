"""What an Airflow deployment knows: the embedded supervisor's store, in memory and in an SQLite file."""
