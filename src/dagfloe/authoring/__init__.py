"""What an author declares: bundles, Dags, tasks and how they are connected."""
