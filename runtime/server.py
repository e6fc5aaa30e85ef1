"""The composition root: one process, one task, from the two addresses to the exit status."""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
from contextlib import suppress

from dagfloe.cancellation import Cancellation
from dagfloe.client import Client
from dagfloe.errors import (
    ConnectionLostError,
    DagfloeError,
    RemoteProtocolError,
    ReplyTimeoutError,
    SupervisorError,
    TaskCancelled,
)
from dagfloe.masking import Secrets
from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.log.channel import ChannelHandler, LogChannel
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.streams import redirect_streams
from dagfloe.runtime.process.children import end_children_with_us
from dagfloe.runtime.process.host import open_parent, unpacked_folder
from dagfloe.runtime.process.signals import PeerWatch, StopSignals, TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.runtime.wire.comms import REPLY_TIMEOUT_S, Comms
from dagfloe.runtime.wire.dial import dial_both
from dagfloe.runtime.wire.messages import no_dags, read_startup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dagfloe.authoring.bundle import Bundle
    from dagfloe.runtime.config import BundleConfig
    from dagfloe.runtime.wire.addresses import Address
    from dagfloe.runtime.wire.messages import Startup

DELIVERED, FAILED = 0, 1
REPLY_TIMEOUT_VARIABLE = "DAGFLOE_REPLY_TIMEOUT_S"
#: How long threads and exit handlers of the author's may go on after the task's end.
EXIT_GRACE_S = 10.0

#: How long a process that cannot begin waits for the supervisor to be there.
HEARD_TIMEOUT_S = 30.0

log = logging.getLogger("dagfloe.runtime")


def serve(config: BundleConfig, comm: Address, logs: Address, launcher: int | str | None = None) -> int:
    """Run the one task that the supervisor asks for.

    Args:
        config: the bundle's configuration.
        comm: where the supervisor expects frames.
        logs: where it expects log lines.
        launcher: what `host.keep_to_itself` gave.

    Returns:
        The exit status: 0 exactly when a terminal message was delivered.
    """
    secrets = Secrets()
    cancellation = Cancellation()
    channel = LogChannel(cancellation, secrets)
    handler = ChannelHandler(channel, Levels.from_environment(os.environ))
    handler.install()
    restore_streams = redirect_streams(channel)
    faulthandler.enable(2)
    os.register_at_fork(after_in_child=channel.after_fork)
    try:
        with StopSignals(cancellation) as signals:
            parent = open_parent()
            comm_socket, logs_socket = dial_both(comm, logs)
            channel.connect(logs_socket)
            _keep_house()
            end_children_with_us(launcher, os.environ)
            comms = Comms(
                comm_socket,
                cancellation,
                reply_timeout_s=_reply_timeout_s(),
                schema_version=config.schema_version,
            )
            with PeerWatch(comms.fileno(), parent, _leave_nothing_behind) as watch:
                begun = _begin(config, comms, cancellation, handler)
                if begun is None:
                    return FAILED
                # Only from here on: until now, the end of the socket is an error to be told, not a stop.
                watch.tell(signals.stop_main_thread)
                status = _deliver(comms, _run(begun, comms, secrets))
            if status == DELIVERED:
                signals.ignore_from_now_on()
            comms.close()
            return status
    finally:
        restore_streams()
        handler.uninstall()
        channel.close()


def _begin(
    config: BundleConfig, comms: Comms, cancellation: Cancellation, handler: ChannelHandler
) -> tuple[Bundle, Startup] | dict[str, Any] | None:
    """Import the bundle, then read what to run.

    Returns:
        The bundle and what to run; or the answer to a Dag processor, which asks for something else; or None, with the
        reason in the log, when it cannot begin.
    """
    try:
        cancellation.arm()  # until a task runs, a stop ends the process
        try:
            bundle = load_bundle(config)
        except BaseException as error:  # whatever the author's module raises
            handler.install()  # the module may have got so far as to configure logging
            if not isinstance(error, TaskCancelled):
                _tell_why_it_cannot_begin(error)
                return no_dags(_wait_until_heard(comms), error)
            raise
        handler.install()
        frame = comms.receive_first()
        cancellation.disarm()
        if frame.error is not None:
            raise RemoteProtocolError(f"the first frame is an error: {frame.error.get('error')}")
        answer = no_dags(frame.body)
        if answer is not None:
            return answer
        startup = read_startup(frame.body, cancellation, config.schema_version)
        comms.carrier = _carrier(startup.context.ti.context_carrier)
    except TaskCancelled as stop:
        log.error("Stopped before the task began: %s", stop)
    except DagfloeError as error:
        _tell_why_it_cannot_begin(error)
    else:
        return bundle, startup
    return None


def _carrier(given: Mapping[Any, Any] | None) -> dict[str, str]:
    """The trace context to send: anything but texts in it would break the supervisor's reading."""
    return {key: value for key, value in (given or {}).items() if isinstance(key, str) and isinstance(value, str)}


def _run(begun: tuple[Bundle, Startup] | dict[str, Any], comms: Comms, secrets: Secrets) -> dict[str, Any]:
    """The message that ends the process."""
    if isinstance(begun, dict):
        return begun
    bundle, startup = begun
    client = Client(comms, startup.context, secrets, bundle)
    return TaskRunner(bundle, startup, client, secrets, TimeLimit).run()


def _tell_why_it_cannot_begin(error: BaseException) -> None:
    ours = isinstance(error, DagfloeError)
    reason = str(error) if ours else f"the bundle's module cannot be imported ({type(error).__name__})"
    log.error("The task cannot begin: %s", reason, exc_info=error)


def _wait_until_heard(comms: Comms) -> dict[str, Any] | None:
    """Wait for the first frame, which says that the supervisor has taken both connections; its body.

    It looks up in /proc whose they are. If the process ended before that, it would refuse them, and nobody would ever
    see the log.
    """
    comms.reply_timeout_s = HEARD_TIMEOUT_S
    with suppress(DagfloeError, TaskCancelled):
        return comms.receive_first().body
    return None


def _deliver(comms: Comms, terminal: dict[str, Any]) -> int:
    """Send the terminal message; the supervisor's answer means that it has taken it."""
    try:
        comms.finish(terminal)
    except (SupervisorError, ReplyTimeoutError) as error:
        log.warning("The task's end was delivered, but not confirmed: %s", error)
    except (ConnectionLostError, RemoteProtocolError) as error:
        log.critical("The task's end could not be delivered: %s", error)
        return FAILED
    return DELIVERED


def _reply_timeout_s() -> float:
    text = os.environ.get(REPLY_TIMEOUT_VARIABLE, "")
    try:
        seconds = float(text or REPLY_TIMEOUT_S)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        log.warning("%s is %r, no number of seconds: %g s is used", REPLY_TIMEOUT_VARIABLE, text, REPLY_TIMEOUT_S)
        return REPLY_TIMEOUT_S
    return seconds


def _keep_house() -> None:
    """Delete what killed one-file programs left on this host; other ones leave nothing."""
    folder = unpacked_folder()
    if folder is not None:
        from dagfloe.runtime.process.unpacked_folders import claim, sweep  # noqa: PLC0415 - only on this path

        claim(folder)
        sweep(folder)


def _leave_nothing_behind() -> None:
    """End the process at once: nobody waits for it, and the parent that would have deleted our folder is gone."""
    folder = unpacked_folder()
    if folder is not None:
        from shutil import rmtree  # noqa: PLC0415 - only on this path

        rmtree(folder, ignore_errors=True)
    os._exit(FAILED)


def exit_soon(status: int, grace_s: float = EXIT_GRACE_S) -> None:
    """Make sure that the process ends, with this status, even if a thread of the author's never does."""
    timer = threading.Timer(grace_s, os._exit, (status,))
    timer.daemon = True
    timer.start()
