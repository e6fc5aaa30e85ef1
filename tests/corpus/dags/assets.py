"""Assets that tasks produce, with metadata of the event."""

import pendulum

from airflow.sdk import Asset, Metadata, dag, task

RAW = Asset("corpus_raw", uri="file:///corpus/raw.csv")
CLEAN = Asset("corpus_clean")


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def assets():
    @task(outlets=[RAW])
    def write(outlet_events):
        outlet_events[RAW].extra = {"rows": 3}
        print("wrote", RAW.uri)
        return 3

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, outlets=[CLEAN])
    def clean(rows):
        print(f"kept {rows - 1} of {rows}")
        return rows - 1

    @task(inlets=[RAW])
    def look(inlet_events):
        last = inlet_events[RAW][-1]
        print(last.extra, len(inlet_events[RAW]) > 0)
        return last.extra["rows"]

    @task(outlets=[CLEAN])
    def yields():
        yield Metadata(CLEAN, {"checked": True})

    rows = write()
    clean(rows) >> look() >> yields()


assets()
