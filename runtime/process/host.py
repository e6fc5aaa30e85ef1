"""Makes a frozen program a good guest on its host: programs that it starts, TLS roots, its parent's death.

A bundle file with a launcher is one process. The one-file form is two: a parent that unpacks, waits and cleans up, and
the child that this is.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

#: It is put beside the modules where it does not start the program itself: see `dagfloe.build.freeze.stage`.
_LAUNCHER = os.path.join(__file__.rpartition("dagfloe")[0], "dagfloe", "launcher")  # noqa: PTH118
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
#: Where distributions keep their TLS roots: Debian, Fedora, openSUSE, Alpine and macOS, in this order.
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
    """The folder into which a frozen one-file program was unpacked, that its parent process deletes afterwards."""
    folder = getattr(sys, "_MEIPASS", None) if is_frozen() else None
    # A program in a folder has its files beside itself, and they stay.
    return None if folder is None or os.path.dirname(folder) == os.path.dirname(sys.executable) else folder  # noqa: PTH120 - pathlib costs 5 ms to import


def restore_library_path(environment: MutableMapping[str, str]) -> None:
    """Give programs that the task starts the host's library path instead of the frozen program's."""
    for name in _LIBRARY_PATHS:
        original = environment.pop(f"{name}_ORIG", None)
        if original is not None:
            environment[name] = original
        elif is_frozen():
            environment.pop(name, None)


def keep_to_itself(environment: MutableMapping[str, str]) -> int | str | None:
    """Keep from programs that the task starts what the launcher handed on: a lock on the unpacked files, and itself.

    Returns:
        The launcher: as an open file where it has started this, else its path; None where there is none.
    """
    told = environment.pop("_DAGFLOE_FILES", "").split(",")
    if len(told) != 2 or not all(text.isdecimal() and text.isascii() for text in told):
        return _LAUNCHER if os.path.exists(_LAUNCHER) else None  # noqa: PTH110 - pathlib costs 5 ms to import
    lock, launcher = map(int, told)
    os.set_inheritable(lock, False)
    os.set_inheritable(launcher, False)
    return launcher


def find_tls_roots(environment: MutableMapping[str, str], built_with: tuple[str, ...]) -> None:
    """Point OpenSSL to this host's TLS roots when they are not where they were on the machine that built the bundle.

    Args:
        environment: `SSL_CERT_FILE` is set in it, unless it or `SSL_CERT_DIR` is there already.
        built_with: the default file and folder of the OpenSSL that is frozen in; nothing is done without them.
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
    """Become the worker process that `multiprocessing` started from a task, if this is one; does not return then."""
    if any("multiprocessing" in argument for argument in sys.argv[1:]):
        from multiprocessing import freeze_support  # noqa: PLC0415 - slow to import

        freeze_support()


def open_parent() -> int | None:
    """A descriptor that becomes readable when the unpacking parent dies; None when there is no such parent or way.

    Raises:
        ProcessLookupError: when the parent is dead already.
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
