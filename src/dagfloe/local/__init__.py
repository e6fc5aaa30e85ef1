"""The embedded supervisor: runs the tasks of any bundle without an Airflow. Import its modules by name."""
