"""Runs all forms in one Airflow with KubernetesExecutor, and compares how they end."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from e2e.instance import Airflow
from e2e.processes import marked
from e2e.settings import COORDINATOR, LOCAL_BUNDLE, newer
from pods.api_server import ApiServer, PodStore
from pods.forms import API_VARIABLE, COLD, FORMS, KILLED, LATE, NO_USER, PLAIN, STORE, WARM, warming_command
from pods.image import Image
from pods.node import Node
from support.blocks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pods.forms import Form
    from pods.node import PodRun

VERSIONS = ("3.3.2", "3.4.0b2")
ENVIRONMENT = "pods"
DEADLINE_S = 180
_POLL_S = 0.1
_MARK = "DAGFLOE_POD"
#: A task log is smaller, and an unpacked program is larger.
_LARGE_BYTES = 1_000_000
_WAITING = '"event":"waiting"'
_BUNDLES = "/opt/airflow/bundles"
_DAG_BUNDLE = "bundle-files"
_DAGS = """\
from datetime import timedelta

from airflow.sdk import DAG, task

with DAG("hello", schedule=None):

    @task.stub(queue="dagfloe")
    def greet(): ...

    @task.stub(queue="dagfloe")
    def count(greeted): ...

    count(greet())

for dag_id, queue in (("patient_pod", "dagfloe"), ("stubborn_pod", "dagfloe"), ("other_image", "image")):
    with DAG(dag_id, schedule=None):

        @task.stub(queue=queue, retries=1, retry_delay=timedelta(seconds=1))
        def work(): ...

        work()
"""


@dataclass(frozen=True)
class Row:
    """How a form ended.

    Attributes:
        form: the form.
        state: the state of the Dag run.
        tries: the tries of its first task.
        pods: the pods of its first task, in order.
        problem: what differs from what the form says; empty if nothing does.
    """

    form: Form
    state: str
    tries: int
    pods: Sequence[PodRun]
    problem: str


class Cluster:
    """An Airflow, an API server for pods, and a node.

    Args:
        airflow: the Airflow.
        store: the pods.
        node: the node.
        template: the file with the pod template.
    """

    def __init__(self, airflow: Airflow, store: PodStore, node: Node, template: Path) -> None:
        self._airflow = airflow
        self._store = store
        self._node = node
        self._template = template

    def run(self, form: Form) -> Row:
        """Run a form, and check how it ends."""
        api = self._airflow.api
        url = self._airflow.env[API_VARIABLE]
        self._template.write_text(yaml.safe_dump(form.template(url)))
        api.unpause(form.dag_id)
        run_id = api.trigger(form.dag_id)
        if form.stops:
            name = api.wait("a pod with a waiting task", lambda: self._waiting(form.dag_id, run_id), DEADLINE_S)
            self._store.request_deletion(name, None)
        state = api.wait_run(form.dag_id, run_id, deadline_s=DEADLINE_S)
        first = min(api.instances(form.dag_id, run_id), key=lambda instance: instance["queued_when"] or "~")
        api.wait("end of all pods", lambda: not self._running(form.dag_id, run_id), DEADLINE_S)
        runs = [run for run in self._node.runs if (run.dag_id, run.run_id) == (form.dag_id, run_id)]
        pods = [run for run in runs if run.task_id == first["task_id"]]
        return Row(form, state, first["try_number"], pods, "; ".join(self._problems(form, state, first, pods)))

    def _problems(self, form: Form, state: str, first: dict[str, object], pods: Sequence[PodRun]) -> Iterator[str]:
        if self._node.errors:
            yield f"the node: {self._node.errors}"
        statuses, line = form.ends(self._airflow.version)
        seen = (state, first["try_number"], tuple(pod.exit_status for pod in pods))
        if seen != (form.state, form.tries, statuses):
            yield f"state, tries and exit statuses are {seen}, not {(form.state, form.tries, statuses)}"
        if pods and line not in pods[0].output:
            yield f"the first pod did not print {line!r}"
        large = [name for pod in pods[:1] for name, (_, size) in pod.written.items() if size > _LARGE_BYTES]
        if large != [name for name in (form.unpacks_in,) if name]:
            yield f"the volumes with large files are {large}, not {form.unpacks_in!r}"
        if pods and pods[0].is_killed != (statuses[0] == KILLED):
            yield "a SIGKILL was necessary" if pods[0].is_killed else "no SIGKILL was necessary"

    def _waiting(self, dag_id: str, run_id: str) -> str:
        """Return the name of a pod whose task waits."""
        return next((name for name in self._running(dag_id, run_id) if _WAITING in self._node.output(name)), "")

    def _running(self, dag_id: str, run_id: str) -> list[str]:
        ended = {run.name for run in self._node.runs}
        names = []
        for pod in self._store.manifests:
            annotations, name = pod["metadata"]["annotations"], pod["metadata"]["name"]
            if (annotations["dag_id"], annotations["run_id"]) == (dag_id, run_id) and name not in ended:
                names.append(name)
        return names


def worker_settings(version: str) -> str:
    """Return the settings in the images, as the documentation shows them."""
    settings = {
        f"queue_to_coordinator = {json.dumps({'dagfloe': 'dagfloe', 'image': 'dagfloe'})}",
        f"coordinators = {json.dumps({'dagfloe': _coordinator(version, _BUNDLES)})}",
    }
    cfg = "\n".join(["[sdk]", *sorted(settings)])
    if newer(version):
        bundle = {"name": _DAG_BUNDLE, "classpath": LOCAL_BUNDLE, "kwargs": {"path": _BUNDLES}}
        dags = {"name": "dags", "classpath": LOCAL_BUNDLE, "kwargs": {"path": "/opt/airflow/dags"}}
        cfg += f"\n[dag_processor]\ndag_bundle_config_list = {json.dumps([dags, bundle])}"
    return f"{cfg}\n"


def _coordinator(version: str, folder: str, **more: object) -> dict[str, object]:
    kwargs = {"task_handler_bundle_name": _DAG_BUNDLE} if newer(version) else {"executables_root": [folder]}
    return {"classpath": COORDINATOR, "kwargs": kwargs, **more}


def build_images(folder: Path, version: str, bundles: Sequence[Path]) -> dict[str, Image]:
    """Build the images. The stores of those that are warmed are filled by the page's own command."""
    airflow = ROOT / ".venvs" / f"{ENVIRONMENT}-{version}"
    images = {}
    for name, files in ((WARM, bundles), (NO_USER, bundles), (COLD, bundles), (PLAIN, ())):
        image = Image(folder / name.replace("/", "-"), airflow, files, has_user=name != NO_USER)
        (image.root / "opt" / "airflow" / "airflow.cfg").write_text(worker_settings(version))
        if name in (WARM, NO_USER):
            image.env["DAGFLOE_CACHE_DIR"] = STORE
            image.run(warming_command(), {})
        images[name] = image
    return images


@contextmanager
def cluster(folder: Path, version: str, bundles: Sequence[Path]) -> Iterator[Cluster]:
    """Start everything, and end it with the block.

    Args:
        folder: an empty folder.
        version: the version of Airflow.
        bundles: the bundle files in the images.
    """
    images = build_images(folder / "images", version, bundles)
    late = iter([PLAIN])

    def image(name: str) -> Image:
        return images[next(late, WARM) if name == LATE else name]

    store, template, dags = PodStore(), folder / "pod.yaml", folder / "dags"
    dags.mkdir()
    (dags / "pods.py").write_text(_DAGS)
    (folder / "none").mkdir()
    mark = (_MARK, str(time.monotonic_ns()))
    with ExitStack() as stack:
        server = stack.enter_context(ApiServer(store))
        node = stack.enter_context(Node(store, image, folder / "pods", mark))
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(server.url)))
        repository, _, tag = WARM.partition(":")
        extra = {"worker_container_repository": repository, "worker_container_tag": tag}
        nowhere = {"name": _DAG_BUNDLE, "classpath": LOCAL_BUNDLE, "kwargs": {"path": "/nowhere"}}
        local = {"name": "dags", "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(dags)}}
        settings = {
            "CORE__EXECUTOR": "KubernetesExecutor",
            "KUBERNETES_EXECUTOR__NAMESPACE": "airflow",
            "KUBERNETES_EXECUTOR__IN_CLUSTER": "False",
            "KUBERNETES_EXECUTOR__CONFIG_FILE": str(kubeconfig),
            "KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE": str(template),
            "KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE": "True",
            "KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_EXCLUDED_CONTAINER_REASONS": "",
            # The scheduler knows the queue of one form only, and no folder of bundle files.
            "SDK__COORDINATORS": json.dumps({"other": _coordinator(version, "/nowhere", extra=extra)}),
            "SDK__QUEUE_TO_COORDINATOR": json.dumps({"image": "other"}),
            "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([local, nowhere] if newer(version) else [local]),
        }
        airflow = stack.enter_context(
            Airflow(version, folder / "home", folder / "none", dags, settings=settings, environment=ENVIRONMENT)
        )
        airflow.api.wait_dags(*{form.dag_id for form in FORMS})
        yield Cluster(airflow, store, node, template)
        if server.unknown:
            raise AssertionError(f"the API server does not know {sorted(set(server.unknown))}")
    if left := marked("=".join(mark)):
        raise AssertionError(f"processes of pods are left: {left}")


def _kubeconfig(url: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": url}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here", "namespace": "airflow"}}],
        "users": [{"name": "here", "user": {}}],
    }
