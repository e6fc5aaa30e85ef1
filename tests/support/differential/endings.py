"""How tasks end."""

from __future__ import annotations

from support.differential.scenario import Scenario, begun

_TERMINAL = {
    "is skipped": '{"type": "TaskState", "state": "skipped", "end_date": at()}',
    "is removed": '{"type": "TaskState", "state": "removed", "end_date": at()}',
    "fails for good": '{"type": "TaskState", "state": "failed", "end_date": at(), "rendered_map_index": "x"}',
    "asks for another try": '{"type": "RetryTask", "end_date": at()}',
    "asks for another try later, with a reason": (
        '{"type": "RetryTask", "end_date": at(), "retry_delay_seconds": 2.5, "retry_reason": "busy"}'
    ),
    "is deferred": (
        '{"type": "DeferTask", "classpath": "a.B", "trigger_kwargs": {"moment": "x"}, "next_method": "resume",'
        ' "next_kwargs": {"a": [1, None]}}'
    ),
    "is rescheduled": '{"type": "RescheduleTask", "end_date": at(), "reschedule_date": at(30)}',
    "waits for a human": '{"type": "AwaitInputTask", "next_method": "resume", "next_kwargs": {}}',
}
_SIGNALS = ("SIGKILL", "SIGSEGV", "SIGTERM", "SIGINT", "SIGABRT")

ENDINGS: tuple[Scenario, ...] = (
    begun("succeeds without an XCom", "succeed()"),
    begun(
        "succeeds with an XCom",
        'ask({"type": "SetXCom", **xcom("return_value"), "value": {"n": [1, 2.5, None, "\\u00fc"]}})\nsucceed()',
    ),
    begun(
        "succeeds with outlets and their events",
        """
        send(0, {"type": "SucceedTask", "end_date": at(),
                 "task_outlets": [{"name": "a", "uri": "x://a", "type": "Asset"}],
                 "outlet_events": [{"dest_asset_key": {"name": "a", "uri": "x://a"}, "extra": {"rows": 1}}]})
        receive()
        """,
    ),
    begun("succeeds without outlets", 'ask({"type": "SucceedTask", "end_date": at()})'),
    begun(
        "succeeds without outlets, with tries left",
        'ask({"type": "SucceedTask", "end_date": at(), "task_outlets": []})',
        task={"should_retry": True, "max_tries": 1},
    ),
    *(begun(name, f"send(0, {body})\nreceive()") for name, body in _TERMINAL.items()),
    begun("asks for another try without tries left", 'send(0, {"type": "RetryTask", "end_date": at()})\nreceive()'),
    begun("ends with 0 without a terminal message", ""),
    begun("ends with 3 without a terminal message", "sys.exit(3)"),
    begun("ends with 3 and has tries left", "sys.exit(3)", task={"should_retry": True, "max_tries": 2}),
    begun("ends with 3 after it succeeded", "succeed()\nsys.exit(3)"),
    begun("ends with 3 after it succeeded, and has tries left", "succeed()\nsys.exit(3)", task={"should_retry": True}),
    begun("ends with 1 after it was skipped", 'ask({"type": "TaskState", "state": "skipped"})\nsys.exit(1)'),
    begun(
        "fails for good with tries left",
        'ask({"type": "TaskState", "state": "failed"})',
        task={"should_retry": True, "max_tries": 1},
    ),
    begun("ends with 3 after it asked for another try", f"send(0, {_TERMINAL['asks for another try']})\nsys.exit(3)"),
    begun("ends with 3 after it was deferred", f"send(0, {_TERMINAL['is deferred']})\nreceive()\nsys.exit(3)"),
    begun("sends two terminal messages", 'ask({"type": "TaskState", "state": "skipped"})\nsucceed()'),
    begun("sends a request after its terminal message", 'succeed()\nask(GET)\nlog("after")'),
    begun(
        "does not wait for the reply to its terminal message",
        'send(0, {"type": "SucceedTask", "end_date": at(), "task_outlets": [], "outlet_events": []})',
    ),
    *(
        begun(
            f"dies of {name}",
            f"signal.signal(signal.SIGINT, signal.SIG_DFL)\nos.kill(os.getpid(), signal.{name})\ntime.sleep(9)",
        )
        for name in _SIGNALS
    ),
    begun("dies of SIGKILL and has tries left", "os.kill(os.getpid(), 9)\ntime.sleep(9)", task={"should_retry": True}),
    begun("dies of SIGSEGV after it succeeded", "succeed()\nos.kill(os.getpid(), signal.SIGSEGV)\ntime.sleep(9)"),
    begun(
        "handles a SIGTERM of its own",
        """
        signal.signal(signal.SIGTERM, lambda *_: log("received SIGTERM", "warning"))
        os.kill(os.getpid(), signal.SIGTERM)
        succeed()
        """,
    ),
    begun(
        "is stopped with its supervisor, and cleans up",
        """
        def stop(*_):
            log("cleaned up")
            send(0, {"type": "TaskState", "state": "failed"})
            receive()
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        log("ready")
        time.sleep(9)
        """,
        stop_on="ready",
    ),
    begun("is stopped with its supervisor, and dies", 'log("ready")\ntime.sleep(9)', stop_on="ready"),
    begun("goes on after it succeeded", "succeed()\ntime.sleep(9)", overtime_s=0.2),
    begun(
        "goes on after it succeeded, and ignores SIGTERM",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsucceed()\ntime.sleep(9)",
        overtime_s=0.2,
    ),
    begun(
        "goes on after it was skipped", 'ask({"type": "TaskState", "state": "skipped"})\ntime.sleep(9)', overtime_s=0.2
    ),
    begun(
        "goes on a little after it was deferred",
        f"send(0, {_TERMINAL['is deferred']})\nreceive()\ntime.sleep(0.5)",
        overtime_s=0.2,
    ),
)
