"""The launcher, and a program that calls its parts, compiled with two sanitizers."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

PARTS = Path(__file__).parents[1] / "build" / "launcher" / "parts.c"
SOURCES = Path(__file__).parents[2] / "build" / "launcher"
COMPILE_TIMEOUT_S = 120
END_TIMEOUT_S = 30
#: An allocation that is too large returns NULL, as without sanitizers, instead of ending the process.
OPTIONS = {
    "ASAN_OPTIONS": "allocator_may_return_null=1:abort_on_error=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:abort_on_error=1",
}
_HEADER = struct.Struct("<cQQ")
_LENGTH = struct.Struct("<Q")


def compile_sanitized(program: Path, sources: list[Path]) -> Path:
    """Compile C sources so that the program ends at its first error of memory or of undefined behaviour."""
    flags = ["-D_GNU_SOURCE", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    command = ["cc", *flags, *sanitizers, f"-I{SOURCES}", "-o", str(program), *map(str, sources)]
    subprocess.run(command, check=True, timeout=COMPILE_TIMEOUT_S)
    return program


def compile_launcher(program: Path) -> Path:
    """The whole launcher."""
    return compile_sanitized(program, sorted(SOURCES.glob("*.c")))


def compile_parts(program: Path) -> Path:
    """A program that calls parts of the launcher on request: see parts.c."""
    parts = [path for path in sorted(SOURCES.glob("*.c")) if path.name != "main.c"]
    return compile_sanitized(program, [PARTS, *parts])


class Parts:
    """A process that calls parts of the launcher.

    Args:
        program: what `compile_parts` compiled.
    """

    def __init__(self, program: Path) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit
        self._process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **OPTIONS},
        )

    def __enter__(self) -> Self:
        """The process itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, which must have no error and no leak."""
        with self._errors:
            self._process.communicate(timeout=END_TIMEOUT_S)
            assert self._process.returncode == 0, self.errors().decode()

    def call(self, verb: bytes, data: bytes, number: int = 0) -> bytes:
        """Send one request; returns the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(_HEADER.pack(verb, number, len(data)) + data)
        stdin.flush()
        header = stdout.read(_LENGTH.size)
        assert len(header) == _LENGTH.size, self.errors().decode(errors="replace")
        (length,) = _LENGTH.unpack(header)
        return stdout.read(length)

    def errors(self) -> bytes:
        """What the process wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read()

    def digest(self, data: bytes) -> bytes:
        """The digest of bytes."""
        return self.call(b"d", data)

    def decode(self, block: bytes, size: int) -> bytes | None:
        """The content of an LZ4 block; None if the launcher refuses the block."""
        answer = self.call(b"l", block, size)
        return answer[1:] if answer[0] else None

    def parse(self, bundle: bytes) -> list[str] | None:
        """The lines that parts.c writes about a bundle file; None if the launcher refuses the file."""
        lines = self.call(b"b", bundle).decode(errors="surrogateescape").removesuffix("\n").split("\n")
        return None if lines[0] == "failed" else lines

    def version(self, version: bytes) -> int:
        """Convert a version to a number."""
        return int(self.call(b"v", version))

    def libc_version(self, path: Path) -> int:
        """The version of a C library."""
        return int(self.call(b"c", os.fsencode(path)))

    def host_problem(self, libc_version: bytes) -> str:
        """Why this host cannot run a program that needs a version of glibc; empty if it can."""
        return self.call(b"h", libc_version).decode()

    def first_frame(self, payload: bytes) -> list[bytes] | None:
        """The type, the file and the folder of a Dag processor's first frame; None for any other frame."""
        found, strings = self.call(b"f", payload), []
        while found:
            (length,) = _LENGTH.unpack_from(found)
            end = _LENGTH.size + length
            strings.append(found[_LENGTH.size : end])
            found = found[end:]
        return strings or None

    def answer(self, answers: bytes, first_frame: bytes) -> bytes:
        """The frame that answers a first frame; empty if none is stored, or only the program can make it."""
        return self.call(b"a", first_frame + answers, len(first_frame))

    def message(self, message: bytes) -> bytes:
        """Write a message to stderr, and return it as a reason."""
        return self.call(b"m", message)
