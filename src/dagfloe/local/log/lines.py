"""Splits a stream of bytes into lines. Pure."""

from __future__ import annotations

#: Longer lines are split, so that output without line ends does not fill the memory.
MAX_LINE_BYTES = 16 * 1024 * 1024


class LineDecoder:
    """Collects bytes, and returns whole lines without their line ends.

    Args:
        max_line_bytes: the length after which a line is split.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self._max_line_bytes = max_line_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes, and return the lines that are complete."""
        *line_ends, rest = data.split(b"\n")
        lines = []
        for line_end in line_ends:
            lines.append(b"".join((*self._parts, line_end)))
            self._parts, self._length = [], 0
        if rest:
            self._parts.append(rest)
            self._length += len(rest)
        if self._length > self._max_line_bytes:
            lines += self.finish()
        return lines

    def finish(self) -> list[bytes]:
        """Return the incomplete last line, if there is one."""
        parts, self._parts, self._length = self._parts, [], 0
        return [b"".join(parts)] if parts else []
