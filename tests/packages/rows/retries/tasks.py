"""tenacity: a call that succeeds at the third attempt, and one that gives up."""

import asyncio

import tenacity

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("tenacity")


@dag.task
def work() -> list:
    attempts = []

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_none())
    def third_time() -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("not yet")
        return "done"

    @tenacity.retry(stop=tenacity.stop_after_attempt(2), retry=tenacity.retry_if_exception_type(OSError))
    async def never() -> None:
        raise OSError("never")

    answer = third_time()
    try:
        asyncio.run(never())
    except tenacity.RetryError as error:
        last = [error.last_attempt.attempt_number, str(error.last_attempt.exception())]
    return [answer, len(attempts), last]
