"""Values that several packages share, each written once. Imports nothing."""

from __future__ import annotations

#: The key of the XCom that holds what a task returned.
RETURN_VALUE = "return_value"

#: Exit statuses of bundle files and of the tool.
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
