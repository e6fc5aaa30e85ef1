"""The functions of the tasks, in the bundle and as ordinary tasks: they append a line to a file when they begin and end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time

VERSION = 1
DEADLINE_S = 120
POLL_S = 0.05


def step(number, conf, ids):
    """Begin, wait for a number of seconds or for a file, and end.

    If the run wants children, tasks with an odd number have one while they wait.
    """
    children = []
    record("begin", ids)
    if conf.get("children") and number % 2:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        children.append(child)
        record("child", ids, child.pid)
    time.sleep(conf.get("seconds", 0))
    until = time.monotonic() + DEADLINE_S
    while "release" in conf and not os.path.exists(conf["release"]) and time.monotonic() < until:
        time.sleep(POLL_S)
    for child in children:
        child.kill()
        child.wait()
    record("end", ids)
    return number


def record(event, ids, pid=None):
    """Append a line. Lines of several processes do not mix, because each line is one short write."""
    line = {
        "event": event,
        **ids,
        "host": socket.gethostname(),
        "pid": pid or os.getpid(),
        "at": time.time(),
        "version": VERSION,
    }
    descriptor = os.open(os.environ["CLUSTER_RECORDS"], os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)
