"""Another Python of the worker, with the operator, a plain Dag object and set dependencies."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import ExternalPythonOperator

PYTHON = os.environ.get("REPORTS_PYTHON", "/opt/reports/bin/python")


def crawl(source, pages=1):
    found = [f"{source}/{page}" for page in range(1, pages + 1)]
    for address in found:
        print("found", address)
    return found


def clean(addresses):
    import re

    cleaned = [re.sub(r"\W+", "-", address).strip("-") for address in addresses]
    print(cleaned)
    return cleaned


def count_words():
    from collections import Counter

    words = Counter("the quick fox and the lazy dog and the cat".split())
    for word, times in words.most_common(2):
        print(f"{word}: {times}")
    return dict(words)


dag = DAG(
    "external_classic",
    default_args={"owner": "crawlers", "retries": 2, "retry_delay": timedelta(seconds=1)},
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["corpus"],
)

prepare = BashOperator(task_id="prepare", bash_command="echo ready", dag=dag)

crawl_jobs = ExternalPythonOperator(
    task_id="crawl_jobs",
    python=PYTHON,
    python_callable=crawl,
    op_args=["jobs"],
    op_kwargs={"pages": 2},
    expect_airflow=False,
    dag=dag,
)

crawl_news = ExternalPythonOperator(
    task_id="crawl_news",
    python=PYTHON,
    python_callable=crawl,
    op_kwargs={"source": "news", "pages": 3},
    expect_airflow=False,
    dag=dag,
)

clean_news = ExternalPythonOperator(
    task_id="clean_news",
    python=PYTHON,
    python_callable=clean,
    op_args=[crawl_news.output],
    expect_airflow=False,
    dag=dag,
)

count = ExternalPythonOperator(
    task_id="count_words", python=PYTHON, python_callable=count_words, expect_airflow=False, dag=dag
)

prepare >> [crawl_jobs, crawl_news]
crawl_jobs >> count
clean_news >> count
