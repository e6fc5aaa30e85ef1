"""The arguments of tasks in a bundle."""

from __future__ import annotations

from table import FAILING, RENDERED, show

from dagfloe import Bundle

bundle = Bundle()


def extract():
    return ["{{ ds }}"]


for name, value in {**RENDERED, **FAILING}.items():
    dag = bundle.dag(name, params={"limit": 5, "table": "{{ ds }}"})
    work = dag.task(show, task_id="work")
    with dag:
        work(value)
with bundle.dag("mixed") as mixed:
    rows = mixed.task(extract)()
    mixed.task(show, task_id="work")([rows, "{{ run_id }}", {"rows": rows}])
with bundle.dag("alone") as alone:
    rows = alone.task(extract)()
    alone.task(show, task_id="work")(rows)
with bundle.dag("mapped") as mapped:
    mapped.task(show, task_id="work").expand(value=["{{ run_id }}", {"a": "{{ ds }}"}])
with bundle.dag("mapped_over_xcom") as mapped_over_xcom:
    rows = mapped_over_xcom.task(extract)()
    mapped_over_xcom.task(show, task_id="work").expand(value=rows)
