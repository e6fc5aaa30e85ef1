"""Runs one task in this process: connects to the supervisor, imports the bundle, and delivers the terminal message."""

from __future__ import annotations

import atexit
import faulthandler
import os
import sys
from _thread import allocate_lock, start_new_thread
from contextlib import suppress
from logging import CRITICAL, ERROR, INFO, WARNING

from dagfloe.cancellation import Cancellation
from dagfloe.client import Client
from dagfloe.constants import EXIT_FAILURE, FAILED
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
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.sanitizer import class_name, safe_string
from dagfloe.runtime.process.children import end_children_with_us
from dagfloe.runtime.process.ending import Ending, Spares, leave_if_forked
from dagfloe.runtime.process.exit_guard import ExitGuard
from dagfloe.runtime.process.host import open_parent, unpacked_folder
from dagfloe.runtime.process.signals import PeerWatch, StopSignals, TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.runtime.wire.comms import REPLY_TIMEOUT_S, Comms
from dagfloe.runtime.wire.messages import STARTUP_DETAILS, end_task, read_startup, retry_task
from dagfloe.runtime.wire.sockets import open_sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable, Mapping
    from typing import Any

    from dagfloe.authoring.bundle import Bundle
    from dagfloe.cancellation import Log
    from dagfloe.runtime.config import BundleConfig
    from dagfloe.runtime.log.handler import ChannelHandler
    from dagfloe.runtime.log.output import Output
    from dagfloe.runtime.wire.addresses import Address

REPLY_TIMEOUT_VARIABLE = "DAGFLOE_REPLY_TIMEOUT_S"
#: How long the author's threads and exit handlers may run after the end of the task.
EXIT_GRACE_S = 10.0
#: Far longer than a thread needs from its start to its first wait.
_UNINTERRUPTED_S = 0.5
#: How long a process that cannot run its task waits for the supervisor before it exits.
SUPERVISOR_TIMEOUT_S = 30.0

#: The logger of the messages about this process.
LOGGER = "dagfloe.runtime"
#: Why a task is retried after an exception that left the runtime.
_FAILED_RUNTIME = "the runtime failed; see the log of the task"
_CANNOT_BE_IMPORTED = "the bundle's module cannot be imported ({})"
#: The HTTP status with which the API server refuses a state for a task instance that is not running.
_CONFLICT = 409
_exit = os._exit  # saved, because the author's code may replace it


def serve(config: BundleConfig, comm: Address, logs: Address, launcher: int | str | None = None) -> int:
    """Run the one task that the supervisor asks for.

    Args:
        config: the bundle's configuration.
        comm: the address where the supervisor expects frames.
        logs: the address where the supervisor expects log lines.
        launcher: the launcher, as `host.receive_launcher` returns it.

    Returns:
        The exit status: 0 exactly when a terminal message was delivered.
    """
    guard = ExitGuard(os.environ).install()
    secrets = Secrets()
    cancellation = Cancellation()
    levels = Levels.from_environment(os.environ)
    from dagfloe.runtime.log.output import Output  # noqa: PLC0415 - only a process that runs a task needs it

    ending = Ending(guard.confirm)
    _keep_unpacked_folder(guard)
    output = Output(cancellation, secrets, levels)
    channel, handler = output.channel, output.handler
    cancellation.log = channel.log
    output.install(_share_with_workers)
    guard.call_before_exit(output.finish)
    faulthandler.enable(2)
    try:
        with StopSignals(cancellation) as signals:
            parent = open_parent()
            comm_socket, logs_socket = open_sockets(comm, logs, os.environ)
            channel.connect(logs_socket)
            _clean_unpacked_folders()
            end_children_with_us(launcher, os.environ, channel.log)
            comms = ending.comms = Comms(
                comm_socket,
                cancellation,
                reply_timeout_s=_read_reply_timeout(channel.log),
                schema_version=config.schema_version,
            )
            with PeerWatch(comms.fileno(), parent, _exit_without_traces) as watch:
                # Until the task begins, the end of the socket is an error to log. From then on, it is a stop.
                terminal = _answer(
                    config,
                    comms,
                    cancellation,
                    handler,
                    secrets,
                    ending,
                    lambda: watch.notify(signals.stop_main_thread),
                )
                if terminal is not None:
                    _deliver(comms, terminal, ending, channel.log, is_stopped=cancellation.cancelled)
                if ending.callbacks is not None and ending.status == 0:
                    ending.callbacks()
                if ending.status == 0:
                    signals.ignore_from_now_on()
            comms.close()
    except BaseException as error:  # whatever it is, and wherever it was raised: it must not become the exit status
        if ending.comms is None and isinstance(error, DagfloeError):
            raise  # the addresses do not answer
        _rescue(error, ending, channel.log)
    finally:
        ending.confirm()
        if channel.is_storing:  # without a connection, messages are for the user who started this program
            output.restore()
    exit_soon(ending.status, output.finish)
    return ending.in_order()


def _share_with_workers(output: Output) -> None:
    from dagfloe.runtime.process.workers import share_with_workers  # noqa: PLC0415 - most tasks start no workers

    share_with_workers(output)


def _rescue(error: BaseException, ending: Ending, log: Log) -> None:
    """Log an exception that left the runtime, and send a terminal message unless one was sent."""
    leave_if_forked(ending.pid, log, error)
    log(CRITICAL, LOGGER, f"The runtime failed with {class_name(error)}", error)
    if ending.fallback is not None and ending.comms is not None and not ending.comms.is_finished:
        _deliver(ending.comms, ending.fallback, ending, log, is_stopped=False)


class _ImportFailedError(Exception):
    """The author's module raised an error while it was imported, or holds no bundle; see `cause`."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(class_name(cause))
        self.cause = cause


def _answer(
    config: BundleConfig,
    comms: Comms,
    cancellation: Cancellation,
    handler: ChannelHandler,
    secrets: Secrets,
    ending: Ending,
    on_begin: Callable[[], None],
) -> dict[str, Any] | None:
    """Import the bundle, read the first frame, and do what it asks for.

    Args:
        config: the bundle's configuration.
        comms: the comm socket.
        cancellation: the task's request to stop.
        handler: the log handler; it is installed again after the import.
        secrets: the secrets to mask.
        ending: gets the terminal message to send if the task's own one cannot be made.
        on_begin: called right before the task runs.

    Returns:
        The terminal message; None if the process cannot answer the supervisor. The log then says why.
    """
    log = handler.log
    version = config.schema_version
    cancellation.arm()  # until the task runs, a stop ends the process
    try:
        try:
            bundle = _import_bundle(config, handler, ending)
        except _ImportFailedError as failure:  # within the outer block: a stop can arrive while this is handled
            _log_failure_to_begin(failure.cause, log)
            return _answer_without_bundle(comms, cancellation, failure.cause, version)
        frame = comms.receive_first()
        cancellation.is_armed = False
        if frame.error is not None:
            raise RemoteProtocolError(f"the first frame is an error: {frame.error.get('error')}")
        if frame.body is not None and frame.body.get("type") != STARTUP_DETAILS:
            from dagfloe.runtime.wire.parsing import is_parse_request  # noqa: PLC0415 - only a Dag processor asks

            if is_parse_request(frame.body, version):
                return _answer_dag_processor(frame.body, config, bundle)
        startup = read_startup(frame.body, cancellation, config.schema_version, bundle.dags)
    except TaskCancelled as stop:
        log(ERROR, LOGGER, f"Stopped before the task began: {safe_string(stop, secrets.mask)}")
        return None
    except DagfloeError as error:  # raised by the runtime: the stack would say nothing more
        log(ERROR, LOGGER, f"The task cannot begin: {error}")
        return None
    comms.carrier = _keep_strings(startup.context.ti.context_carrier)
    client = Client(comms, startup.context, secrets, bundle)
    runner = TaskRunner(bundle, startup, client, secrets, TimeLimit, log)
    ending.fallback = retry_task(_FAILED_RUNTIME) if startup.context.should_retry else end_task(FAILED)
    on_begin()
    terminal = runner.run()
    ending.callbacks = runner.find_callbacks()
    handler.report_loss()
    return terminal


def _import_bundle(config: BundleConfig, handler: ChannelHandler, ending: Ending) -> Bundle:
    spares = Spares()
    try:
        bundle = load_bundle(config)
    except TaskCancelled:
        raise
    except BaseException as error:
        leave_if_forked(ending.pid, handler.log, error)
        raise _ImportFailedError(error) from error
    finally:
        spares.free()
        handler.install()  # the module may have configured logging
    leave_if_forked(ending.pid, handler.log)
    return bundle


def _answer_dag_processor(request: Mapping[str, Any], config: BundleConfig, bundle: Bundle) -> dict[str, Any]:
    """Answer as the launcher does, which sends what the build has stored; without a stored answer, make one."""
    from dagfloe.runtime.handlers import declare_handlers  # noqa: PLC0415 - only a Dag processor asks for them
    from dagfloe.runtime.stored_answers import read_stored_answer  # noqa: PLC0415 - as above
    from dagfloe.runtime.wire.parsing import asks_for_dags, parsing_result  # noqa: PLC0415 - as above

    stored = read_stored_answer(request)
    if stored is not None:
        return stored
    try:
        dags = config.serialize_dags(config, bundle) if config.serialize_dags and asks_for_dags(request) else ()
        return parsing_result(request, dags=dags, handlers=declare_handlers(config, bundle))
    except DagfloeError as error:  # the stack would say nothing more
        return parsing_result(request, error=str(error))
    except Exception as error:  # noqa: BLE001 - what the author declares may raise anything
        return parsing_result(request, error=error)


def _answer_without_bundle(
    comms: Comms, cancellation: Cancellation, error: BaseException, schema_version: str
) -> dict[str, Any] | None:
    """Tell a Dag processor why the bundle cannot be imported; nobody else expects an answer.

    Wait for the first frame in any case: it proves that the supervisor has accepted both connections. The supervisor
    looks up in /proc which process they belong to. If the process exited before that, the supervisor would refuse them
    and the log would be lost.
    """
    comms.reply_timeout_s = SUPERVISOR_TIMEOUT_S
    body = None
    with suppress(DagfloeError, TaskCancelled):
        body = comms.receive_first().body
    cancellation.is_armed = False
    from dagfloe.runtime.stored_answers import read_stored_answer  # noqa: PLC0415 - only a Dag processor asks
    from dagfloe.runtime.wire.parsing import is_parse_request, parsing_result  # noqa: PLC0415 - as above

    if not is_parse_request(body, schema_version):
        return None
    return read_stored_answer(body) or parsing_result(body, error=error)


def _log_failure_to_begin(error: BaseException, log: Log) -> None:
    is_dagfloe_error = issubclass(type(error), DagfloeError)  # not isinstance, which the author's class may mislead
    reason = safe_string(error, str) if is_dagfloe_error else _CANNOT_BE_IMPORTED.format(class_name(error))
    log(ERROR, LOGGER, f"The task cannot begin: {reason}", error)
    from dagfloe.runtime.missing_modules import advise  # noqa: PLC0415 - only on this path

    if advice := advise(error):
        log(ERROR, LOGGER, f"The bundle needs a module that is missing: {advice}")


def _keep_strings(carrier: Mapping[Any, Any] | None) -> dict[str, str]:
    """The strings of a trace context: the supervisor cannot read a frame whose context holds anything else."""
    return {key: value for key, value in (carrier or {}).items() if isinstance(key, str) and isinstance(value, str)}


def _deliver(comms: Comms, terminal: dict[str, Any], ending: Ending, log: Log, *, is_stopped: bool) -> None:
    """Send the terminal message, and wait until the supervisor confirms it.

    A task that was asked to stop may have been marked or cleared by somebody. Airflow then refuses the message, which
    the supervisor sends to the API server at once.
    """
    try:
        comms.finish(terminal)
    except (SupervisorError, ReplyTimeoutError) as error:
        if is_stopped and isinstance(error, SupervisorError) and error.detail.get("status_code") == _CONFLICT:
            log(INFO, LOGGER, "Airflow keeps the state that somebody has given the task instance")
        else:
            log(WARNING, LOGGER, f"The terminal message was delivered, but not confirmed: {error}")
    except (ConnectionLostError, RemoteProtocolError) as error:
        ending.is_lost = True
        log(CRITICAL, LOGGER, f"The terminal message could not be delivered: {error}")
    ending.confirm()


def _read_reply_timeout(log: Log) -> float:
    """The reply timeout that the environment sets, in seconds."""
    value = os.environ.get(REPLY_TIMEOUT_VARIABLE, "")
    try:
        seconds = float(value or REPLY_TIMEOUT_S)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        log(
            WARNING,
            LOGGER,
            f"{REPLY_TIMEOUT_VARIABLE} is {value!r}, not a number of seconds: using {REPLY_TIMEOUT_S:g} s",
        )
        return REPLY_TIMEOUT_S
    return seconds


def _clean_unpacked_folders() -> None:
    """Delete the folders that killed one-file programs left on this host. Other bundle files leave none."""
    folder = unpacked_folder()
    if folder is not None:
        from dagfloe.runtime.process.unpacked_folders import (  # noqa: PLC0415 - only on this path
            delete_abandoned_folders,
            lock_folder,
        )

        lock_folder(folder)
        delete_abandoned_folders(folder)


def _keep_unpacked_folder(guard: ExitGuard) -> None:
    """Make the processes that use the folder of a one-file program end before this one does."""
    folder, process = unpacked_folder(), os.getpid()
    if folder is None:
        return

    def end_users_first() -> None:
        if os.getpid() != process:
            return
        from dagfloe.runtime.process.unpacked_folders import end_users  # noqa: PLC0415 - only on this path

        end_users(folder)

    guard.call_before_exit(end_users_first)
    atexit.register(end_users_first)


def _exit_without_traces() -> None:
    """End the process at once. The parent process that would delete the unpacked folder may be dead, so delete it."""
    folder = unpacked_folder()
    if folder is not None:
        from shutil import rmtree  # noqa: PLC0415 - only on this path

        rmtree(folder, ignore_errors=True)
    _exit(EXIT_FAILURE)


def exit_soon(status: int, finish: Callable[[], object], grace_s: float = EXIT_GRACE_S) -> None:
    """End the process after some seconds, even if a thread of the author's never ends.

    Args:
        status: the exit status.
        finish: sends the output that is left; called right before the end.
        grace_s: how many seconds the author's threads and exit handlers may take.
    """
    is_running, never = allocate_lock(), allocate_lock()
    is_running.acquire()
    never.acquire()
    interval_s = sys.getswitchinterval()
    # Python ends a thread that wants to run during the last steps of the process, and that may crash: it needs a
    # library that has to be loaded. So nothing may interrupt the thread before it waits.
    sys.setswitchinterval(_UNINTERRUPTED_S)
    start_new_thread(_exit_later, (status, finish, grace_s, is_running, never))
    is_running.acquire()
    sys.setswitchinterval(interval_s)


def _exit_later(
    status: int, finish: Callable[[], object], grace_s: float, is_running: LockType, never: LockType
) -> None:
    is_running.release()
    never.acquire(timeout=grace_s)
    try:
        finish()
    finally:
        _exit(status)
