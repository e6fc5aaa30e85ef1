"""Bytes to lines, however the bytes are split. Pure."""

from __future__ import annotations

#: A longer line is cut, so that a flood without line ends does not fill the memory.
MAX_LINE_BYTES = 16 * 1024 * 1024


class LineDecoder:
    """Collects bytes and gives back whole lines, without their ends."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self._max_line_bytes = max_line_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the lines that are whole now."""
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            lines.append(b"".join((*self._parts, end)))
            self._parts, self._length = [], 0
        if rest:
            self._parts.append(rest)
            self._length += len(rest)
        if self._length > self._max_line_bytes:
            lines += self.finish()
        return lines

    def finish(self) -> list[bytes]:
        """The unfinished last line, if there is one."""
        parts, self._parts, self._length = self._parts, [], 0
        return [b"".join(parts)] if parts else []
