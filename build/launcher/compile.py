"""Compiles the launcher. It runs while dagfloe is being installed, so it imports nothing of dagfloe.

An installation from source compiles for its own host, with the C compiler of the host. `make wheels` compiles for every
platform of `ARCHITECTURES`, with the cross compiler of the package `ziglang`. These launchers contain musl, and run on
hosts with any C library.

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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_TIMEOUT_S = 600  # the first use of the cross compiler compiles musl, too
#: The processors for which wheels have a launcher.
ARCHITECTURES = ("x86_64", "aarch64")
_ZIG = (sys.executable, "-m", "ziglang", "cc")
# musl has no checks of its own for `_FORTIFY_SOURCE`, and zig has another name for `-static-pie`.
_ZIG_HARDENING = ("-static", "-pie", "-fPIE", *_HARDENING[4:])


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
            error = _compile(folder, program, _host_compiler(), flags)
            if error is None:
                shutil.copy(program, folder / "launcher.new")
                (folder / "launcher.new").replace(launcher)
                return launcher
    if strict:
        raise RuntimeError(error)
    print(f"the launcher was not compiled, so bundles take the one-file form: {error}", file=sys.stderr)  # noqa: T201
    launcher.unlink(missing_ok=True)
    return None


def cross_compile_launcher(folder: Path, architecture: str, launcher: Path) -> None:
    """Compile the launcher for a processor, for hosts with any C library.

    Args:
        folder: the folder of the sources.
        architecture: the processor, one of `ARCHITECTURES`.
        launcher: the file to write.

    Raises:
        RuntimeError: if the processor is not one of them, or the compiler fails or warns.
    """
    if architecture not in ARCHITECTURES:
        raise RuntimeError(f"the launcher cannot be made for {architecture!r}: take one of {', '.join(ARCHITECTURES)}")
    compiler = (*_ZIG, "-target", f"{architecture}-linux-musl")
    error = _compile(folder, launcher, compiler, (*_ZIG_HARDENING, *_STRICT))
    if error is not None:
        raise RuntimeError(error)


def _host_compiler() -> list[str]:
    return (os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "cc").split()


def _compile(folder: Path, program: Path, compiler: Sequence[str], flags: Sequence[str]) -> str | None:
    """Compile with the flags of one attempt; returns why it failed."""
    # The names have no folders, so that the program contains no path of this machine.
    sources = sorted(path.name for path in folder.glob("*.c"))
    command = [*compiler, *_FLAGS, *flags, "-o", str(program), *sources]
    try:
        process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if process.returncode != 0:
        return f"{' '.join(command)} exited with status {process.returncode}\n{process.stderr}"
    return None


if __name__ == "__main__":
    raise SystemExit(0 if compile_launcher(Path(__file__).parent) else 1)
