"""Compiles the launcher. It runs while dagfloe is being installed, so it imports nothing of dagfloe.

With `DAGFLOE_LAUNCHER_STRICT=1`, a compiler warning fails the build, and so does an unknown hardening flag. The
Makefile sets it for everything that `make` builds. `pip install` does not set it, because a user's compiler may warn of
code that ours accepts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Static, so that the launcher runs with any C library, and can say so if the program that follows it cannot.
_FLAGS = ("-D_GNU_SOURCE", "-std=c11", "-O2", "-pthread", "-s", "-Wall", "-Wextra")
# Checks of buffers and of the stack, and a program at a random address whose tables cannot be written.
_HARDENING = (
    "-static-pie",
    "-fPIE",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=3",
    "-fstack-protector-strong",
    "-fstack-clash-protection",
    "-Wl,-z,relro,-z,now",
    "-Wl,-z,noexecstack",
)
_WITHOUT_HARDENING = ("-static",)
_STRICT = ("-Werror", "-Wshadow", "-Wconversion", "-Wstrict-prototypes", "-Wmissing-prototypes")
_TIMEOUT_S = 120


def compile_launcher(folder: Path) -> Path | None:
    """Compile the launcher next to its sources.

    Args:
        folder: the folder of the sources.

    Returns:
        The program. None on another system than Linux, or without a C compiler and a static C library; stderr then
        shows why. Without a launcher, bundles take the one-file form.

    Raises:
        RuntimeError: the compiler failed in strict mode.
    """
    launcher = folder / "launcher"
    if sys.platform != "linux":
        return None
    strict = os.environ.get("DAGFLOE_LAUNCHER_STRICT") == "1"
    # A compiler that does not know one of the hardening flags compiles the launcher without them.
    attempts = [(*_HARDENING, *_STRICT)] if strict else [_HARDENING, _WITHOUT_HARDENING]
    error: str | None = None
    with tempfile.TemporaryDirectory() as temporary:
        program = Path(temporary, "launcher")
        for flags in attempts:
            error = _compile(folder, program, flags)
            if error is None:
                shutil.copy(program, folder / "launcher.new")
                (folder / "launcher.new").replace(launcher)
                return launcher
    if strict:
        raise RuntimeError(error)
    print(f"the launcher was not compiled, so bundles take the one-file form: {error}", file=sys.stderr)  # noqa: T201
    launcher.unlink(missing_ok=True)
    return None


def _compile(folder: Path, program: Path, flags: tuple[str, ...]) -> str | None:
    """Compile with the flags of one attempt; returns why it failed."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "cc"
    # The names have no folders, so that the program contains no path of this machine.
    sources = sorted(path.name for path in folder.glob("*.c"))
    command = [*compiler.split(), *_FLAGS, *flags, "-o", str(program), *sources]
    try:
        process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if process.returncode != 0:
        return f"{' '.join(command)} exited with status {process.returncode}\n{process.stderr}"
    return None


if __name__ == "__main__":
    raise SystemExit(0 if compile_launcher(Path(__file__).parent) else 1)
