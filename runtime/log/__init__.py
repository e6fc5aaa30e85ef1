"""Log records on their way to the supervisor."""
