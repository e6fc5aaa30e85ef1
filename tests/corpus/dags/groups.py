"""Task groups, one in the other, with isolated tasks in both."""

import pendulum

from airflow.sdk import TaskGroup, dag, task, task_group


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def groups():
    @task
    def start():
        return {"north": [1, 2], "south": [3]}

    @task.virtualenv(requirements=["more-itertools==10.5.0"], system_site_packages=False)
    def flatten(regions: dict):
        import more_itertools

        flat = list(more_itertools.flatten(regions.values()))
        print(flat)
        return flat

    @task_group(group_id="checks", tooltip="Looks at the numbers")
    def checks(numbers):
        @task.virtualenv(requirements=["more-itertools==10.5.0"], system_site_packages=False)
        def all_unique(values):
            import more_itertools

            answer = more_itertools.all_unique(values)
            print("unique:", answer)
            return answer

        @task.virtualenv(requirements=["more-itertools==10.5.0"], system_site_packages=False)
        def windows(values, size):
            import more_itertools

            result = [list(window) for window in more_itertools.windowed(values, size)]
            print(result)
            return result

        with TaskGroup("inner"):
            pairs = windows(numbers, 2)

        unique = all_unique(numbers)
        unique >> pairs
        return pairs

    @task
    def finish(pairs):
        print(f"{len(pairs)} pairs")

    finish(checks(flatten(start())))


groups()
