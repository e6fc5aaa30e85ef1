"""Airflow's TaskFlow habits: functions that become tasks and groups where they are called, and chains."""
