"""The classes and decorators with which authors declare Dags and tasks."""
