"""The checks of `dagfloe doctor`: of a host, of one bundle file, and of an Airflow configuration; good settings."""
