"""Lets the worker processes of `multiprocessing` log as the task does, however it starts them.

A forked worker has everything from its parent. A spawned worker, and the server that forks workers, is a new program:
it inherits the logs socket and its lock, and a file in memory (memfd) with the levels and the secrets. The number of
this file is in an argument. Secrets are never in an argument, in the environment or on a disk.
"""

from __future__ import annotations

import marshal
import os
import sys
from _socket import socket
from contextlib import suppress

from dagfloe.cancellation import Cancellation
from dagfloe.masking import Secrets
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.output import Output
from dagfloe.runtime.process.exit_guard import ExitGuard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

#: The first argument of a frozen worker, and what any other worker runs first.
_ARGUMENT = "--dagfloe-logs="
_CODE = "try:\n  from dagfloe.runtime.process.workers import join\n  join({})\nexcept Exception:\n  pass\n"


def share_with_workers(output: Output) -> None:
    """Pass the logs socket to every worker that `multiprocessing` starts from now on. May be called again.

    Args:
        output: the output of this process.
    """
    from multiprocessing import util  # noqa: PLC0415 - slow to import

    start = util.spawnv_passfds
    if getattr(start, "shares_logs", False):
        return

    def start_with_logs(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:
        arguments = [os.fsdecode(argument) for argument in args]
        # The tracker of resources logs nothing, and lives longer than other processes.
        is_tracker = any("multiprocessing.resource_tracker" in argument for argument in arguments)
        descriptors = None if is_tracker else _hand_over(output)
        if descriptors is None:
            return start(path, args, passfds)
        try:
            return start(path, _with_handover(arguments, descriptors[-1]), [*passfds, *descriptors])
        finally:
            os.close(descriptors[-1])

    start_with_logs.shares_logs = True  # type: ignore[attr-defined]
    util.spawnv_passfds = start_with_logs


def join_by_argument(arguments: list[str]) -> None:
    """Join the output of the parent if the first argument of this frozen worker says where it is.

    Args:
        arguments: the arguments, with the program; the one about the output is removed.
    """
    if arguments[1].startswith(_ARGUMENT):
        with suppress(OSError):  # the worker can work without
            join(int(arguments.pop(1).removeprefix(_ARGUMENT)))


def join(descriptor: int) -> None:
    """Send the output of this worker where its parent sends its own, from now on.

    Args:
        descriptor: the file that the parent wrote.

    Raises:
        OSError: if the descriptors were not passed, or the system does not let this process use them.
    """
    with os.fdopen(descriptor, "rb") as file:
        # The parent wrote it, in memory that only its own processes can open.
        fields = marshal.loads(os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0))  # noqa: S302
    secrets = Secrets()
    secrets.add_forms(fields["secrets"])
    output = Output(Cancellation(), secrets, Levels(fields["root"], fields["namespaces"]))
    guard = ExitGuard({}).install()
    guard.confirm()  # a worker has no terminal message to deliver
    guard.call_before_exit(output.finish)
    output.install(share_with_workers)
    for number in fields["descriptors"]:
        os.set_inheritable(number, False)
    output.channel.join(socket(fileno=fields["descriptors"][0]), fields["descriptors"][1])


def _hand_over(output: Output) -> tuple[int, int, int] | None:
    """Write the file for a worker. Return the descriptors to pass to it; None if it cannot log to the socket."""
    descriptors = output.channel.handover()
    if descriptors is None:
        return None
    fields = {
        "descriptors": descriptors,
        "root": output.levels.root,
        "namespaces": output.levels.namespaces,
        "secrets": output.secrets.forms(),
    }
    try:
        file = os.memfd_create("dagfloe-worker", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(file), "wb") as writer:
            writer.write(marshal.dumps(fields))
    except OSError:
        return None
    return (*descriptors, file)


def _with_handover(arguments: list[str], file: int) -> list[str]:
    """The arguments of a worker, with the number of the file."""
    if getattr(sys, "frozen", False):
        return [arguments[0], f"{_ARGUMENT}{file}", *arguments[1:]]
    code = arguments.index("-c") + 1
    return [*arguments[:code], _CODE.format(file) + arguments[code], *arguments[code + 1 :]]
