"""Functions that run both in a bundle and as ordinary tasks of Airflow. Lines with `<` are compared."""

from __future__ import annotations

import logging
import logging.config
import multiprocessing
import os
import sys
import threading
import time

log = logging.getLogger("cases")


def threads_print():
    def work(number):
        for line in range(50):
            print(f"<{number}-{line}>")

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def forked_prints():
    pid = os.fork()
    if pid == 0:
        print("<forked>", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)


def forked_process_prints():
    worker = multiprocessing.get_context("fork").Process(target=print, args=("<worker>",), kwargs={"flush": True})
    worker.start()
    worker.join()


def stderr_prints():
    print("<on stderr>", file=sys.stderr)


def raises_after_reconfigured():
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    raise ValueError("<after dictConfig>")


def logs_after_disabled():
    logging.disable(logging.CRITICAL)
    raise ValueError("<while disabled>")


def swallows_timeout():
    for _ in range(100):
        try:
            time.sleep(0.1)
        except Exception:
            print("swallowed")


def exits_with_zero():
    print("<before the exit>")
    sys.exit(0)


def ends_at_once():
    print("<before the end>", flush=True)
    os._exit(0)


CASES = {
    function.__name__: function
    for function in (
        threads_print,
        forked_prints,
        forked_process_prints,
        stderr_prints,
        raises_after_reconfigured,
        logs_after_disabled,
        swallows_timeout,
        exits_with_zero,
        ends_at_once,
    )
}
TIMEOUT_S = {"swallows_timeout": 2}
