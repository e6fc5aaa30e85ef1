"""The folder that goes on the module path of a project with `airflow-names`. It contains only the package `airflow`."""
