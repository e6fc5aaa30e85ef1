"""Airflow's own KubernetesExecutor without a cluster: `make airflow-pod`.

The executor, its client and the pods that it makes are the provider's. The API server and the node are ours: the server
stores the pods, and the node runs their containers as a container runtime does, with namespaces, a read-only root and
another user.
"""
