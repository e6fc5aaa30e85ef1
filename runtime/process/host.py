"""Adapts a frozen program to its host: its environment for other programs, its TLS roots, its launcher and parent.

The launcher and the parent of the one-file form wait for this process, which is their child. The parent of the one-file
form has unpacked the files, and deletes them.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

#: Where the launcher is if it does not start the program itself: see `dagfloe.build.freeze.stage`.
_LAUNCHER = os.path.join(__file__.rpartition("dagfloe")[0], "dagfloe", "launcher")  # noqa: PTH118
#: Where the launcher keeps the library path that it was started with.
_ORIGINAL_LIBRARY_PATH = "_DAGFLOE_LIBRARY_PATH"
#: Where a one-file program keeps its path for the processes that it starts.
_PROGRAM = "_DAGFLOE_PROGRAM"
#: What distinguishes the command lines of a bundle from those of a Python.
_OWN_FLAGS = ("--bundle-metadata", "--self-check", "--format", "--comm", "--logs")
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
#: Where Debian, Fedora, openSUSE, Alpine and macOS keep their TLS roots, in this order.
_TLS_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def is_frozen() -> bool:
    """Whether this is a frozen program."""
    return bool(getattr(sys, "frozen", False))


def unpacked_folder() -> str | None:
    """The folder into which a one-file program was unpacked; None for other programs. Its parent process deletes it."""
    folder = getattr(sys, "_MEIPASS", None) if is_frozen() else None
    # A program that is a folder has its files next to it, and they stay.
    return None if folder is None or os.path.dirname(folder) == os.path.dirname(sys.executable) else folder  # noqa: PTH120 - pathlib costs 5 ms to import


def restore_library_path(environment: MutableMapping[str, str]) -> None:
    """Set the host's library path again, for the programs that the task starts.

    The launcher and PyInstaller have changed it.

    Args:
        environment: the environment to change.
    """
    received = environment.pop(_ORIGINAL_LIBRARY_PATH, None)
    for name in _LIBRARY_PATHS:
        original = environment.pop(f"{name}_ORIG", None)
        if original is not None:
            environment[name] = original
        elif is_frozen():
            environment.pop(name, None)
    if received is not None:
        environment["LD_LIBRARY_PATH"] = received


def correct_executable() -> None:
    """Set `sys.executable` of a frozen program to the program itself.

    Python takes it from `PYTHONEXECUTABLE` and `__PYVENV_LAUNCHER__` if they are set. Then `multiprocessing` would
    start another program instead of this one.
    """
    if is_frozen():
        program = os.readlink("/proc/self/exe")  # noqa: PTH115 - pathlib costs 5 ms to import
        if os.path.realpath(sys.executable) != program:
            sys.executable = program


def announce_program(environment: MutableMapping[str, str]) -> None:
    """Let the processes that this one starts know the program, so that it is a Python for them.

    Args:
        environment: the environment; the variable of a one-file program is set in it.
    """
    if unpacked_folder() is not None:
        environment[_PROGRAM] = sys.executable
    if is_frozen():
        # The script exists only in the program. `multiprocessing` and its relatives would look for the file.
        vars(sys.modules["__main__"]).pop("__file__", None)


def starts_as_python(arguments: Sequence[str], launcher: int | str | None, environment: Mapping[str, str]) -> bool:
    """Whether a process of the bundle started this program as a Python, with `sys.executable`.

    People and Airflow start the bundle file, and so the launcher. `sys.executable` is the unpacked program, which only
    its own processes start. A one-file program has no launcher, and a variable that its processes inherit instead.

    Args:
        arguments: the arguments, which are not those of a supervisor.
        launcher: the launcher, as `receive_launcher` returns it.
        environment: the environment.
    """
    if not is_frozen() or (arguments and arguments[0].startswith(_OWN_FLAGS)):
        return False
    if unpacked_folder() is None:
        return not isinstance(launcher, int)
    return environment.get(_PROGRAM) == sys.executable or _is_grandparent_same()


def _is_grandparent_same() -> bool:
    """Whether the parent of the process that unpacked this one-file program runs it, too: it cleared the variables."""
    try:
        with open(f"/proc/{os.getppid()}/stat") as file:  # noqa: PTH123 - pathlib costs 5 ms to import
            grandparent = file.read().rpartition(")")[2].split()[1]
        return os.readlink(f"/proc/{grandparent}/exe") == sys.executable  # noqa: PTH115 - see above
    except OSError:
        return False


def open_standard_streams() -> None:
    """Open the standard streams that are closed.

    Otherwise, the next socket would become a standard stream, and everything that is printed would be written to it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def receive_launcher(environment: MutableMapping[str, str]) -> int | str | None:
    """Find the launcher, and hide from the programs that the task starts what the launcher passes to this process.

    The launcher passes two open files: a lock on the unpacked files, and itself.

    Args:
        environment: the environment; the variable that names the two files is removed from it.

    Returns:
        The launcher: as an open file if it started this process, else as its path; None if it does not exist.
    """
    descriptors = environment.pop("_DAGFLOE_FILES", "").split(",")
    if len(descriptors) != 2 or not all(number.isdecimal() and number.isascii() for number in descriptors):
        return _LAUNCHER if os.path.exists(_LAUNCHER) else None  # noqa: PTH110 - pathlib costs 5 ms to import
    lock, launcher = map(int, descriptors)
    os.set_inheritable(lock, False)
    os.set_inheritable(launcher, False)
    return launcher


def find_tls_roots(environment: MutableMapping[str, str], built_with: tuple[str, ...]) -> None:
    """Point OpenSSL to this host's TLS roots if it would look for them elsewhere, as on the machine of the build.

    Args:
        environment: `SSL_CERT_FILE` is set in it, unless it or `SSL_CERT_DIR` is set already.
        built_with: the default file and folder of the frozen OpenSSL; without them, nothing is done.
    """
    if "SSL_CERT_FILE" in environment or "SSL_CERT_DIR" in environment:
        return
    if not built_with or any(map(os.path.exists, built_with)):
        return
    for candidate in _TLS_ROOTS:
        if os.path.exists(candidate):  # noqa: PTH110 - pathlib costs 5 ms to import
            environment["SSL_CERT_FILE"] = candidate
            return


def serve_multiprocessing() -> None:
    """Run as a worker process if `multiprocessing` started this program from a task as one; does not return then."""
    if any("multiprocessing" in argument for argument in sys.argv[1:]):
        from dagfloe.runtime.process.workers import join_by_argument  # noqa: PLC0415 - only on this path

        join_by_argument(sys.argv)
        from multiprocessing import freeze_support  # noqa: PLC0415 - slow to import

        freeze_support()


def open_parent() -> int | None:
    """Open a file descriptor that becomes readable when the parent process of a one-file program dies.

    Returns:
        The descriptor; None for other programs, and where the kernel does not offer one.

    Raises:
        ProcessLookupError: when the parent is already dead.
    """
    folder = unpacked_folder()
    if folder is None or not hasattr(os, "pidfd_open"):
        return None
    parent = os.getppid()
    try:
        descriptor = os.pidfd_open(parent)
        same = os.readlink(f"/proc/{parent}/exe") == os.readlink("/proc/self/exe")  # noqa: PTH115 - see above
    except ProcessLookupError:
        raise
    except OSError:
        return None
    if not same:
        raise ProcessLookupError(f"process {parent} is not the one that unpacked {folder}")
    return descriptor
