"""How bundles connect, which processes they start, and what they leave open."""

from __future__ import annotations

from support.differential.scenario import Scenario, begun

_LATE = "time.sleep(0.4)\nbegin()\nsucceed()"
_LOGS_FIRST = """
logs = dial("logs")
logs.sendall(b'{"level": "info", "event": "early"}\\n')
comm = dial("comm")
receive()
succeed()
"""
_CHILD = """
if os.fork():
    os.wait()
else:
    begin()
    succeed()
"""
_GRANDCHILD = """
if os.fork() or os.fork():
    os.wait()
else:
    begin()
    log("from below")
    print("from below", flush=True)
    succeed()
"""
#: A process whose parent has ended is not a child of the bundle.
_STRANGER = """
done, go = os.pipe(), os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        os.read(go[0], 1)
        print(repr(dial("{server}").recv(1)), flush=True)
        os.write(done[1], b"!")
    os._exit(0)
os.wait()
os.write(go[1], b"!")
os.read(done[0], 1)
begin()
succeed()
"""
#: The child holds copies of all sockets.
_LEFT_BEHIND = """
succeed()
print("before", flush=True)
if os.fork() == 0:
    time.sleep({seconds})
    os.write(1, b"after\\n")
    os._exit(0)
"""
_CLOSED = """
succeed()
comm.close()
log("last")
logs.close()
time.sleep(0.3)
print("still here", flush=True)
"""
_CLOSED_BOTH = "comm.close()\nlogs.close()\ntime.sleep(0.2)"
_HALF_CLOSED = """
send(0, {"type": "SucceedTask", "end_date": at(), "task_outlets": [], "outlet_events": []})
comm.shutdown(socket.SHUT_WR)
receive()
"""
_LOGS_CLOSED = 'log("last")\nlogs.close()\ntime.sleep(0.1)\nask(GET)\nsucceed()'

_SURROUNDINGS = """
record(flags=[argument.partition("=")[0] for argument in sys.argv[1:]], hosts=[flag("comm")[:10], flag("logs")[:10]])
record(settings={name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__LOGGING__")})
record(kinds=[stat.S_IFMT(os.fstat(number).st_mode) for number in (1, 2)], folder=os.getcwd() != "/")
succeed()
"""
_AGAIN = {"map_index": 3, "try_number": 2, "max_tries": 2, "should_retry": True, "conf": {"a": [1, None]}}
_RESUMED = {"next_method": "resume", "next_kwargs": {"event": {"a": 1}}, "task_reschedule_count": 2}

# A process that ends right after it connects may look like another process: so it waits.
STARTS: tuple[Scenario, ...] = (
    begun("it gets flags to connect, and settings of the log", _SURROUNDINGS),
    begun("it runs a mapped task instance again", "succeed()", task=_AGAIN),
    begun("it resumes after a deferral", "succeed()", task={"ti_context": _RESUMED}),
    Scenario(name="it connects late", body=_LATE),
    Scenario(name="it connects for its log first, and logs at once", body=_LOGS_FIRST),
    Scenario(name="it ends with 0 without connecting", body=""),
    Scenario(name="it ends with 3 without connecting", body="sys.exit(3)", task={"should_retry": True}),
    Scenario(name="it dies without connecting", body="os.kill(os.getpid(), signal.SIGKILL)\ntime.sleep(9)"),
    Scenario(name="it never connects", body="time.sleep(9)", startup_s=0.4),
    Scenario(
        name="it never connects, and ignores SIGTERM",
        body="signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(9)",
        startup_s=0.5,
    ),
    Scenario(name="it connects once and ends", body='comm = dial("comm")\ntime.sleep(0.2)'),
    Scenario(name="it connects for its log only, and ends", body='logs = dial("logs")\ntime.sleep(0.2)\nsys.exit(1)'),
    Scenario(name="it connects once and waits", body='comm = dial("comm")\ntime.sleep(9)', startup_s=0.4),
    Scenario(name="a child of it connects", body=_CHILD),
    Scenario(name="a grandchild of it connects", body=_GRANDCHILD),
    Scenario(name="another process connects before it", body=_STRANGER.format(server="comm")),
    begun("it leaves a process behind for a moment", _LEFT_BEHIND.format(seconds=0.1), cleanup_s=5),
    begun("it leaves a process behind that holds its sockets", _LEFT_BEHIND.format(seconds=1), cleanup_s=0.2),
    begun("it closes its sockets before it ends", _CLOSED),
    begun("it closes its sockets and ends without a terminal message", _CLOSED_BOTH),
    begun("it closes half of its socket after its terminal message", _HALF_CLOSED),
    begun("it closes its log early", _LOGS_CLOSED),
)
