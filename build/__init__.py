"""From an author's project to a bundle file. Import its modules by name; none of this is frozen into a bundle."""
