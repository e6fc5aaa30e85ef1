"""A node: it runs the containers of pods, and reports their states, as a kubelet does."""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pods.api_server import NotFoundError, now
from pods.container import Container, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pods.api_server import Pod, PodStore
    from pods.image import Image

_POLL_S = 0.05
#: The fields of a pod and of a container that the node obeys, or that mean nothing here.
_POD_FIELDS = {
    *("containers", "initContainers", "restartPolicy", "securityContext", "terminationGracePeriodSeconds", "volumes"),
}
_CONTAINER_FIELDS = {"args", "env", "image", "imagePullPolicy", "name", "securityContext", "volumeMounts"}


@dataclass(frozen=True)
class PodRun:
    """How a pod ran.

    Attributes:
        name: its name.
        dag_id: the Dag of its task instance.
        run_id: the run of its task instance.
        task_id: the task of its task instance.
        try_number: the try of the task instance.
        exit_status: the status of its last container.
        seconds: from the start of the first container to the end of the last one.
        is_killed: whether a container did not end within the grace period.
        written: for each volume, the number of its files and their bytes at the end.
        output: what its containers printed.
    """

    name: str
    dag_id: str
    run_id: str
    task_id: str
    try_number: int
    exit_status: int
    seconds: float
    is_killed: bool
    written: Mapping[str, tuple[int, int]]
    output: str


@dataclass(frozen=True)
class _End:
    """The end of a container: its status, and whether it was killed after the grace period."""

    status: int
    is_killed: bool = False

    def state(self) -> dict[str, Any]:
        """Return the state as a kubelet reports it."""
        reason = "Error" if self.status else "Completed"
        return {"terminated": {"exitCode": self.status, "reason": reason, "startedAt": now(), "finishedAt": now()}}


class Node:
    """A node.

    Args:
        store: the pods.
        images: returns an image by its name.
        folder: the folder for roots, volumes and outputs.
        mark: an environment variable of all processes, with its value.

    Attributes:
        runs: the pods that have ended, in the order of their ends.
        errors: what went wrong in the node itself.
    """

    def __init__(self, store: PodStore, images: Callable[[str], Image], folder: Path, mark: tuple[str, str]) -> None:
        self.runs: list[PodRun] = []
        self.errors: list[str] = []
        self._store = store
        self._images = images
        self._folder = folder
        self._mark = mark
        self._is_open = True
        self._threads = [threading.Thread(target=self._watch, daemon=True)]

    def __enter__(self) -> Node:  # noqa: PYI034 - Self is not in Python 3.10
        self._threads[0].start()
        return self

    def output(self, pod: str) -> str:
        """Return what a pod has printed so far."""
        path = self._folder / pod / f"{pod}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __exit__(self, *exc_info: object) -> None:
        self._is_open = False
        for thread in self._threads:
            thread.join(60)

    def _watch(self) -> None:
        position = 0
        while self._is_open:
            position, events = self._store.events(position, "")
            for event in events:
                if event["type"] == "ADDED":
                    thread = threading.Thread(target=self._run, args=(event["object"],), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _run(self, pod: Pod) -> None:
        name = pod["metadata"]["name"]
        try:
            self.runs.append(self._run_pod(name, pod))
            self._wait_until_deleted(name)
            self._store.remove(name)
        except Exception as error:  # noqa: BLE001 - the thread must not die silently
            self.errors.append(f"{name}: {error!r}")

    def _run_pod(self, name: str, pod: Pod) -> PodRun:
        """Run the containers of a pod one after the other, up to the first that fails."""
        spec, annotations = pod["spec"], pod["metadata"]["annotations"]
        _refuse_others(f"the spec of {name}", spec, _POD_FIELDS)
        if len(spec["containers"]) != 1:
            raise NotImplementedError(f"{name} has {len(spec['containers'])} containers")
        work = self._folder / name
        work.mkdir(parents=True)
        volumes = {volume["name"]: self._make_volume(work, volume, spec) for volume in spec.get("volumes") or []}
        containers = [("initContainerStatuses", container) for container in spec.get("initContainers") or []]
        containers += [("containerStatuses", spec["containers"][0])]
        start, ends = time.monotonic(), []
        for field, container in containers:
            running = self._container(name, container, spec, volumes, work)
            self._report(name, field, container, {"running": {"startedAt": now()}}, "Running")
            running.start()
            ends.append(self._wait(name, running))
            is_last = bool(ends[-1].status) or field == "containerStatuses"
            seconds = time.monotonic() - start
            phase = ("Failed" if ends[-1].status else "Succeeded") if is_last else "Running"
            self._report(name, field, container, ends[-1].state(), phase)
            if is_last:
                return PodRun(
                    name=name,
                    dag_id=annotations["dag_id"],
                    run_id=annotations["run_id"],
                    task_id=annotations["task_id"],
                    try_number=int(annotations["try_number"]),
                    exit_status=ends[-1].status,
                    seconds=seconds,
                    is_killed=any(end.is_killed for end in ends),
                    written={key: _count(folder) for key, folder in volumes.items()},
                    output=self.output(name),
                )
        raise AssertionError("the last container of a pod ends it")

    def _make_volume(self, work: Path, volume: Mapping[str, str], spec: Mapping[str, Any]) -> Path:
        """Create an empty folder with the mode that a kubelet gives it."""
        _refuse_others("a volume", volume, {"name", "emptyDir"})
        folder = work / "volumes" / volume["name"]
        folder.mkdir(parents=True)
        group = (spec.get("securityContext") or {}).get("fsGroup")
        if group is not None:
            os.chown(folder, 0, group)
        folder.chmod(0o777 if group is None else 0o2777)
        return folder

    def _container(
        self, pod: str, container: Mapping[str, Any], spec: Mapping[str, Any], volumes: Mapping[str, Path], work: Path
    ) -> Container:
        _refuse_others(f"a container of {pod}", container, _CONTAINER_FIELDS)
        security = {**(spec.get("securityContext") or {}), **(container.get("securityContext") or {})}
        return Container(
            name=pod,
            image=self._images(container["image"]),
            command=container["args"],
            env={**{entry["name"]: entry["value"] for entry in container.get("env") or []}, **dict([self._mark])},
            volumes=[
                Volume(volumes[mount["name"]], mount["mountPath"], is_read_only=bool(mount.get("readOnly")))
                for mount in container.get("volumeMounts") or []
            ],
            work=work,
            user=security["runAsUser"],
            is_read_only=bool(security.get("readOnlyRootFilesystem")),
        )

    def _wait(self, name: str, container: Container) -> _End:
        """Wait for the end of a container, or stop it if its pod is deleted."""
        while (status := container.poll()) is None:
            grace_s = self._grace_of(name)
            if grace_s is not None or not self._is_open:
                is_killed = container.stop(grace_s or 0)
                return _End(container.poll() or 0, is_killed=is_killed)
            time.sleep(_POLL_S)
        return _End(status)

    def _grace_of(self, name: str) -> int | None:
        """Return the grace period of a pod that is deleted; None for another pod."""
        metadata = self._store.get(name)["metadata"]
        return metadata["deletionGracePeriodSeconds"] if "deletionTimestamp" in metadata else None

    def _report(
        self, name: str, field: str, container: Mapping[str, Any], state: Mapping[str, Any], phase: str
    ) -> None:
        def report(pod: Pod) -> None:
            shown = {key: container[key] for key in ("name", "image")}
            status = {**shown, "imageID": container["image"], "ready": False, "restartCount": 0, "state": state}
            others = [other for other in pod["status"].get(field, []) if other["name"] != container["name"]]
            pod["status"] |= {"phase": phase, field: [*others, status]}

        self._store.change(name, report)

    def _wait_until_deleted(self, name: str) -> None:
        """Keep a pod that has ended until somebody deletes it."""
        try:
            while self._is_open and self._grace_of(name) is None:
                with self._store.changed:
                    self._store.changed.wait(_POLL_S)
        except NotFoundError:
            return


def _refuse_others(what: str, mapping: Mapping[str, Any], known: set[str]) -> None:
    """Refuse what this node does not do, instead of ignoring it."""
    if unknown := {key for key, value in mapping.items() if value is not None} - known:
        raise NotImplementedError(f"{what} has {', '.join(sorted(unknown))}")


def _count(folder: Path) -> tuple[int, int]:
    """Return the number of files in a folder and their bytes."""
    files = {status.st_ino: status.st_size for status in _files(folder)}  # the store has two links to each file
    return len(files), sum(files.values())


def _files(folder: Path) -> Iterator[os.stat_result]:
    for path in folder.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            yield status
