"""Celery: a message through kombu's memory transport, an eager task, and the results by a backend's name."""

from celery import Celery

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("celery")


@dag.task
def work() -> list:
    app = Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = False

    @app.task(name="shop.add")
    def add(x: int, y: int) -> int:
        return x + y

    add.apply_async((1, 2), countdown=0)
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        message = queue.get(timeout=10)
        message.ack()
    eager = add.apply((2, 3))
    from celery.contrib.testing.worker import start_worker

    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="error"):
        worked = add.delay(3, 4).get(timeout=20)
    return [message.headers["task"], eager.get(), worked, type(app.backend).__name__]
