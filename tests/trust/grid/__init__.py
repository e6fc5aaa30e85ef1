"""Every failure of everyone at every moment: what must follow, and what followed."""
