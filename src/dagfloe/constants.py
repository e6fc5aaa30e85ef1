"""Constants that several packages share. Imports nothing."""

from __future__ import annotations

#: The key of the XCom that holds a task's return value.
RETURN_VALUE = "return_value"

#: Exit statuses of bundle files and of the `dagfloe` command.
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
