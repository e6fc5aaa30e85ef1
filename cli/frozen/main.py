"""The command line of a frozen bundle: prints its metadata, checks itself, or runs one task for a supervisor.

A process that the bundle starts with `sys.executable` is a Python instead: see `dagfloe.cli.frozen.python`.

Imports slow down the start of every task. So this module parses the supervisor's command line by hand, and loads click
for any other one. Both parsers give the same `Flags`.
"""

from __future__ import annotations

import sys

from dagfloe.constants import EXIT_FAILURE
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.model.record import Record
from dagfloe.runtime.process.host import (
    announce_program,
    correct_executable,
    find_tls_roots,
    is_frozen,
    open_standard_streams,
    receive_launcher,
    restore_library_path,
    serve_multiprocessing,
    starts_as_python,
)
from dagfloe.runtime.wire.addresses import Address, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagfloe.runtime.config import BundleConfig


class Flags(Record):
    """The flags of the command line."""

    comm: str | None = None
    logs: str | None = None
    metadata: bool = False
    metadata_format: str = "json"
    self_check: bool = False


class Metadata(Record):
    """Print the bundle's metadata, as `json` or `yaml`."""

    format: str


class SelfCheck(Record):
    """Import every module of the project, and report the result."""


class Coordinator(Record):
    """Run the one task that the supervisor at these addresses asks for."""

    comm: Address
    logs: Address


def main(config: BundleConfig, argv: Sequence[str] | None = None) -> int:
    """Run the frozen executable.

    Args:
        config: the bundle's configuration.
        argv: the arguments; by default those of the process.

    Returns:
        The exit status: 0 for success, 1 for a failure, 2 for a usage error. When it runs a task, it is 0 exactly when
        a terminal message was delivered.
    """
    import os  # noqa: PLC0415 - loaded at start anyway

    open_standard_streams()
    correct_executable()
    if is_frozen():
        from dagfloe.runtime.process.late_hooks import LateHooks  # noqa: PLC0415 - only in frozen programs

        LateHooks().install()
    serve_multiprocessing()
    launcher = receive_launcher(os.environ)
    restore_library_path(os.environ)
    find_tls_roots(os.environ, config.tls_paths)
    arguments = sys.argv[1:] if argv is None else list(argv)
    flags = read_supervisor_flags(arguments)
    if flags is None:
        if starts_as_python(arguments, launcher, os.environ):
            from dagfloe.cli.frozen.python import run_python  # noqa: PLC0415 - only on this path

            return run_python(arguments)
        from dagfloe.cli.frozen.flags import read_flags  # noqa: PLC0415 - loads click

        values = read_flags(arguments, config)
        if isinstance(values, int):
            return values
        flags = Flags(**values)
    announce_program(os.environ)
    try:
        return _run(choose_mode(flags), config, launcher)
    except UsageError as error:
        from dagfloe.cli.frozen.flags import show_usage_error  # noqa: PLC0415 - loads click

        return show_usage_error(str(error), config)
    except DagfloeError as error:
        sys.stderr.write(f"{config.name}: {error}\n")
        return EXIT_FAILURE


def read_supervisor_flags(arguments: Sequence[str]) -> Flags | None:
    """Parse a supervisor's command line, `--comm=X --logs=Y` and its variants.

    Args:
        arguments: the arguments.

    Returns:
        The flags; None for any other command line.
    """
    values: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, separator, value = rest.pop(0).partition("=")
        if name not in ("--comm", "--logs") or name in values:
            return None
        if not separator:
            if not rest:
                return None
            value = rest.pop(0)
        values[name] = value
    return Flags(comm=values["--comm"], logs=values["--logs"]) if len(values) == 2 else None


def choose_mode(flags: Flags) -> Metadata | SelfCheck | Coordinator:
    """Choose what to do. Metadata takes precedence over the self-check, and the self-check over running a task.

    Args:
        flags: the flags of the command line.

    Raises:
        UsageError: when no mode is selected, or an address is missing or malformed.
    """
    if flags.metadata:
        return Metadata(format=flags.metadata_format)
    if flags.self_check:
        return SelfCheck()
    if flags.comm is None and flags.logs is None:
        raise UsageError("nothing to do: give --bundle-metadata, or --comm and --logs as Airflow's supervisor does")
    if flags.comm is None or flags.logs is None:
        missing, other = ("--comm", "--logs") if flags.comm is None else ("--logs", "--comm")
        raise UsageError(f"{missing} is missing: with {other} alone, a task cannot run; it needs both sockets")
    return Coordinator(comm=parse_address(flags.comm, "--comm"), logs=parse_address(flags.logs, "--logs"))


def _run(mode: Metadata | SelfCheck | Coordinator, config: BundleConfig, launcher: int | str | None) -> int:
    if isinstance(mode, Coordinator):
        from dagfloe.runtime.server import serve  # noqa: PLC0415 - not needed for usage errors

        return serve(config, mode.comm, mode.logs, launcher)
    from dagfloe.cli.frozen.output import print_metadata, print_self_check  # noqa: PLC0415 - tasks do not need it

    return print_metadata(config, mode.format) if isinstance(mode, Metadata) else print_self_check(config)
