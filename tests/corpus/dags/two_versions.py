"""Two tasks need two versions of the same library: the reason why people isolate tasks."""

import pendulum

from airflow.sdk import dag, task


@dag(
    dag_id="two_versions",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["corpus"],
)
def compare():
    @task.virtualenv(requirements=["packaging==21.3"], system_site_packages=False)
    def with_old(versions: list[str]):
        # This release still accepts versions that are not of PEP 440.
        from packaging import __version__, version

        parsed = [str(version.parse(text)) for text in versions]
        print("packaging", __version__, "reads", parsed)
        return parsed

    @task.virtualenv(requirements=["packaging==24.2"], system_site_packages=False)
    def with_new(versions: list[str]):
        from packaging import __version__
        from packaging.version import InvalidVersion, Version

        parsed = []
        for text in versions:
            try:
                parsed.append(str(Version(text)))
            except InvalidVersion as error:
                print("packaging", __version__, "refuses:", error)
        return parsed

    @task
    def difference(old: list[str], new: list[str]):
        lost = sorted(set(old) - set(new))
        print("only the old release reads", lost)
        return lost

    versions = ["1.0", "2.0.post1", "final-final"]
    difference(with_old(versions), with_new(versions))


compare()
