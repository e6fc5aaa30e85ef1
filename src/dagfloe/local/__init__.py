"""The embedded supervisor: runs the tasks of any bundle without Airflow. Import its modules by name."""
