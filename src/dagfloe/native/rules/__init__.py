"""What a native Dag must fulfil. A function describes the problems of one kind: where they are, and what to do."""
