"""One task under the embedded supervisor: its process, its sockets and its deadlines."""
