"""What runs inside a bundle: sockets, frames, logs, and the loop that runs one task. Import its modules by name."""
