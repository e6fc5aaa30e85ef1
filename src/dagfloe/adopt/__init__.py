"""Moves tasks of an Airflow Dag file into dagfloe projects. It reads source code, and runs none of it."""
