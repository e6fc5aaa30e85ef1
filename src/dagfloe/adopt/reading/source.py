"""The source code of a Dag file: its syntax tree, and edits that change nothing else, not even a byte.

Positions of the syntax tree count UTF-8 bytes within a line. `SourceFile` converts them to characters of the whole
file, whatever the file's encoding and line ends are.
"""

from __future__ import annotations

import ast
import codecs
import io
import tokenize
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagfloe.errors import DagfloeError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_BYTES = 5 * 1024 * 1024


class SourceError(DagfloeError):
    """A Dag file cannot be read."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a file.

    Attributes:
        start: the first character that is replaced.
        end: the character after the last one that is replaced.
        replacement: what is written instead.
    """

    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class SourceFile:
    """A Python source file.

    Attributes:
        name: the file's name, for messages.
        text: its content, with its own line ends.
        encoding: its encoding.
        bom: its byte order mark, or no bytes.
        tree: its syntax tree.
    """

    name: str
    text: str = field(repr=False)
    encoding: str
    bom: bytes
    tree: ast.Module = field(repr=False)
    _starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def parse(cls, content: bytes, name: str) -> SourceFile:
        """Parse a file.

        Args:
            content: the file's content.
            name: the file's name.

        Raises:
            SourceError: if it is not Python source code.
        """
        if len(content) > _MAX_BYTES:
            raise SourceError(f"{name} is larger than {_MAX_BYTES // 1024 // 1024} MiB: is it a Dag file?")
        bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            encoding = "utf-8" if encoding == "utf-8-sig" else encoding
            text = content[len(bom) :].decode(encoding)
            if text.encode(encoding) != content[len(bom) :]:
                raise SourceError(f"{name} has characters that its encoding {encoding} does not keep: save it as UTF-8")
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            raise SourceError(f"{name} cannot be decoded: {error}") from error
        return cls(name, text, encoding, bom, _parse(text, name), _line_starts(text))

    def offset(self, line: int, column: int) -> int:
        """The character at a position of the syntax tree.

        Args:
            line: the line, from 1.
            column: the UTF-8 bytes of the line before it.
        """
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        row = self.text[start:end]
        if row.isascii():
            return start + column
        return start + len(row.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> tuple[int, int]:
        """The characters of a node: the first one, and the one after the last one. Decorators do not count."""
        if node.end_lineno is None or node.end_col_offset is None:
            raise AssertionError(node)  # the parser sets both
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> str:
        """The source code of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def line_start(self, line: int) -> int:
        """The first character of a line, from 1; of the line after the last one, the end of the file."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def indent(self, line: int) -> str:
        """The white space at the beginning of a line."""
        row = self.text[self.line_start(line) : self.line_start(line + 1)]
        return row[: len(row) - len(row.lstrip(" \t\f"))]

    @property
    def newline(self) -> str:
        """The first line end of the file."""
        for end in ("\r\n", "\n", "\r"):
            place = self.text.find(end)
            if place >= 0 and (end != "\n" or self.text[place - 1 : place] != "\r"):
                return end
        return "\n"

    def apply(self, edits: Iterable[Edit]) -> bytes:
        """The content of the file after edits, which must not overlap."""
        parts, place = [], 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            parts += [self.text[place : edit.start], edit.replacement]
            place = edit.end
        return self.bom + "".join([*parts, self.text[place:]]).encode(self.encoding)


def _parse(text: str, name: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the Dag file's own code, such as invalid escapes
            return ast.parse(text)
    except SyntaxError as error:
        place = f", line {error.lineno}" if error.lineno else ""
        raise SourceError(f"{name}{place} is not valid Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "it is nested too deeply"
        raise SourceError(f"{name} is not valid Python: {reason}") from error


def _line_starts(text: str) -> tuple[int, ...]:
    r"""Where the lines of Python's parser begin. Only `\n`, `\r\n` and `\r` end one."""
    starts = [0]
    for place, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[place + 1 : place + 2] != "\n"):
            starts.append(place + 1)
    return tuple(starts)
