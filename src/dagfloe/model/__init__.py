"""The objects that tasks receive: the context, connections, assets, and the states of task instances."""
