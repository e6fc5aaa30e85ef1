"""The author's own code: its modules, what they import, the files beside them, and the project's metadata."""
