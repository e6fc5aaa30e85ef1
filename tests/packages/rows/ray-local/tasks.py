"""Ray: a local cluster with remote functions and an actor."""

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("ray")


@dag.task
def work() -> list:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000)
    try:

        @ray.remote
        def square(number: int) -> int:
            return number * number

        @ray.remote
        class Counter:
            def __init__(self) -> None:
                self.count = 0

            def add(self) -> int:
                self.count += 1
                return self.count

        counter = Counter.remote()
        ray.get(counter.add.remote())
        return [ray.get([square.remote(n) for n in range(4)]), ray.get(counter.add.remote())]
    finally:
        ray.shutdown()
