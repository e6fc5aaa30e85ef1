"""Results that become one XCom for each key, by option and by annotation."""

from typing import Any

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def multiple_outputs():
    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, multiple_outputs=True)
    def by_option(text: str):
        words = text.split()
        print(f"{len(words)} words")
        return {"count": len(words), "longest": max(words, key=len), "all": words}

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def by_annotation(count: int) -> dict[str, int]:
        print("twice", count)
        return {"twice": 2 * count, "thrice": 3 * count}

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, multiple_outputs=False)
    def as_one(word: str) -> dict[str, Any]:
        return {"word": word, "upper": word.upper(), "none": None}

    @task
    def show(thrice: int, whole: dict, words: list):
        print(thrice, whole, words)

    found = by_option("several words in a sentence")
    numbers = by_annotation(found["count"])
    show(numbers["thrice"], as_one(found["longest"]), found["all"])


multiple_outputs()
