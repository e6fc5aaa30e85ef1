"""Tasks that end in different states."""

from __future__ import annotations

from datetime import timedelta

from dagfloe import Context, RetryDecision, TaskFailed, TaskSkipped
from native34.base import SOON, START, bundle

dag = bundle.dag("native_ends", start_date=START, default_args={"retry_delay": SOON})


def decide(error: BaseException, try_number: int) -> RetryDecision | None:
    """Retry what is worth it."""
    if isinstance(error, KeyError):
        return RetryDecision.fail("no such key")
    return RetryDecision.retry(timedelta(seconds=try_number), reason="the server is busy")


@dag.task(retries=2)
def flaky(context: Context) -> int:
    if context.try_number < 2:
        raise RuntimeError("the first try fails")
    return context.try_number


@dag.task(retries=3, retry_delay=timedelta(hours=1), retry_policy=decide)
def decides(context: Context) -> int:
    if context.try_number < 2:
        raise TimeoutError("busy")
    return context.try_number


@dag.task(retries=3, retry_policy=decide)
def refuses() -> None:
    raise KeyError("x")


@dag.task(retries=3)
def gives_up() -> None:
    raise TaskFailed("no use in trying again")


@dag.task
def skips() -> None:
    raise TaskSkipped("nothing to do")


@dag.task
def after_skip() -> None:
    """Is skipped too."""


@dag.short_circuit
def is_needed() -> bool:
    return False


@dag.task
def archive() -> None: ...


with dag:
    skips() >> after_skip()
    is_needed() >> archive()
