"""The page with the results: docs/evidence/pods.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.blocks import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pods.trial import Row

PAGE = ROOT / "docs" / "evidence" / "pods.md"
_HEAD = """\
# Pods of KubernetesExecutor

`make airflow-pod` runs bundle files in pods of Airflow's KubernetesExecutor, and writes this page with
`PUBLISH=--publish`. It needs no cluster.

- Real: Airflow {airflows}, its scheduler and API server, and KubernetesExecutor of the Kubernetes provider {provider}.
  It makes each pod from [the template that the documentation shows](../how-to/images.md#the-pod).
- Ours: the API server for pods, and the node. The node runs a container as a container runtime does: own mounts,
  processes and host name, a read-only root, user {uid}, group {gid}, no capabilities, and `dumb-init` as first process.
  An `emptyDir` has the mode that a kubelet gives it. The warmed images are filled with the command of the
  documentation's Dockerfile.
- Not shown: pulls of images, the network and the storage of a cluster.

The scheduler knows neither the coordinator of the bundle files nor their folder, except in the row about an image for
the coordinator's tasks only. `[kubernetes_executor] pod_launch_failure_excluded_container_reasons` is empty.

The columns about pods have a value for each pod of the Dag run's first task. The seconds are those of its containers,
with Airflow's own imports, on a machine with 2 processors that also did other work. In some pods, Airflow's supervisor
noticed the end of the task's process only 5 s later, at its next heartbeat. The last column is about the first pod, at
its end.

- **SIGTERM**: somebody deletes the pod, or its node is drained. With Airflow 3.3.2, the task's cleanup runs, and
  a task that does not stop is killed after the grace period. The supervisor of Airflow 3.4.0b2 does not pass SIGTERM
  on: it ends at once, and with it the whole pod, so the task's cleanup does not run. In all cases, the task is retried,
  and no process is left, not even a child that the task had started in a session of its own.
- **No writable /tmp**: Airflow itself cannot start. The task has no log, only the pod has. A bundle file from a warmed
  image writes nothing.
- **No entry in /etc/passwd**: Airflow itself refuses to run a task without a user name.
- **The first pod has no bundle file**: its image is too old. The executor starts another pod for the same try.
"""
_TABLE = """
## Airflow {version}

| pod | seconds | exit status | tries | Dag run | files in the volumes |
|---|---|---|---|---|---|
"""


def describe(row: Row) -> str:
    """Return a line about a form."""
    statuses = ", ".join(str(pod.exit_status) for pod in row.pods)
    seconds = ", ".join(f"{pod.seconds:.1f}" for pod in row.pods)
    mark = "FAIL" if row.problem else "ok"
    return f"{mark:4} {row.form.name}: {seconds} s, status {statuses}, {row.tries} tries, {row.state}; {_written(row)}"


def render(tables: Mapping[str, Sequence[Row]], **fields: object) -> str:
    """Return the page.

    Args:
        tables: the results for each version of Airflow.
        fields: the other values of the fields in the head of the page.
    """
    page = _HEAD.format(airflows=" and ".join(tables), **fields)
    for version, rows in tables.items():
        page += _TABLE.format(version=version) + "".join(map(_line, rows))
    return page


def _line(row: Row) -> str:
    seconds = ", ".join(f"{pod.seconds:.0f}" for pod in row.pods)
    statuses = ", ".join(str(pod.exit_status) for pod in row.pods)
    return f"| {row.form.name} | {seconds} | {statuses} | {row.tries} | {row.state} | {_written(row)} |\n"


def _written(row: Row) -> str:
    """Return what the first pod has written to each volume."""
    volumes = row.pods[0].written.items() if row.pods else ()
    parts = (f"{name}: {count}{f' ({size / 1e6:.1f} MB)' if size > 1e5 else ''}" for name, (count, size) in volumes)
    return ", ".join(parts)
