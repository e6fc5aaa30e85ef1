"""The part of the Kubernetes API that KubernetesExecutor uses: pods, and watches of them. It listens on loopback."""

from __future__ import annotations

import copy
import json
import threading
import urllib.parse
import uuid
from collections import deque
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Pod = dict[str, Any]

#: How long a watch waits for a pod before it checks whether its client is still there.
_WATCH_TURN_S = 5.0
_RESOURCES: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "pods",
                "singularName": "pod",
                "namespaced": True,
                "kind": "Pod",
                "verbs": ["create", "delete", "get", "list", "patch", "watch"],
            }
        ],
    },
}


class NotFoundError(Exception):
    """The pod does not exist."""


class PodStore:
    """The pods, and all changes of them.

    Attributes:
        changed: notified after each change.
        manifests: each pod as the executor created it, also those that were deleted.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.manifests: list[Pod] = []
        self._pods: dict[str, Pod] = {}
        self._events: list[tuple[str, Pod, Pod | None]] = []  # the type, the pod, and the pod before

    def create(self, pod: Pod) -> Pod:
        """Add a pod."""
        with self.changed:
            self.manifests.append(copy.deepcopy(pod))
            pod = copy.deepcopy(pod)
            pod["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
            pod["status"] = {"phase": "Pending"}
            return self._store("ADDED", pod)

    def get(self, name: str) -> Pod:
        """Return a copy of a pod.

        Raises:
            NotFoundError: if it does not exist.
        """
        with self.changed:
            if name not in self._pods:
                raise NotFoundError(name)
            return copy.deepcopy(self._pods[name])

    def change(self, name: str, change: Callable[[Pod], object]) -> Pod:
        """Change a pod.

        Raises:
            NotFoundError: if it does not exist.
        """
        with self.changed:
            pod = self.get(name)
            change(pod)
            return self._store("MODIFIED", pod)

    def request_deletion(self, name: str, grace_s: int | None) -> Pod:
        """Ask the node to end a pod, as a deletion with a grace period does.

        Raises:
            NotFoundError: if it does not exist.
        """

        def mark(pod: Pod) -> None:
            period = pod["spec"].get("terminationGracePeriodSeconds", 30) if grace_s is None else grace_s
            pod["metadata"].setdefault("deletionTimestamp", now())
            pod["metadata"].setdefault("deletionGracePeriodSeconds", period)

        return self.change(name, mark)

    def remove(self, name: str) -> None:
        """Remove a pod that has ended."""
        with self.changed:
            if name in self._pods:
                self._store("DELETED", copy.deepcopy(self._pods[name]))

    def select(self, selector: str) -> dict[str, Any]:
        """Return a PodList."""
        with self.changed:
            pods = [copy.deepcopy(pod) for pod in self._pods.values() if matches(pod, selector)]
            metadata = {"resourceVersion": str(len(self._events))}
            return {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": pods}

    def events(self, position: int, selector: str) -> tuple[int, list[dict[str, Any]]]:
        """Wait for events after a position, and return the new position and the events that a selector chooses."""
        with self.changed:
            if position >= len(self._events):
                self.changed.wait(_WATCH_TURN_S)
            events = self._events[position:]
        chosen = ((_seen(kind, pod, before, selector), pod) for kind, pod, before in events)
        return position + len(events), [{"type": kind, "object": pod} for kind, pod in chosen if kind]

    def _store(self, kind: str, pod: Pod) -> Pod:
        name = pod["metadata"]["name"]
        before = self._pods.pop(name, None)
        pod["metadata"]["resourceVersion"] = str(len(self._events) + 1)
        if kind != "DELETED":
            self._pods[name] = pod
        self._events.append((kind, copy.deepcopy(pod), before))
        self.changed.notify_all()
        return copy.deepcopy(pod)


def _seen(kind: str, pod: Pod, before: Pod | None, selector: str) -> str:
    """Return the type of event that a watch with a selector sees, or an empty string."""
    is_in, was_in = matches(pod, selector), before is not None and matches(before, selector)
    if kind == "MODIFIED" and is_in != was_in:
        return "ADDED" if is_in else "DELETED"
    return kind if is_in else ""


def matches(pod: Pod, selector: str) -> bool:
    """Whether the labels of a pod fit a selector of equalities and inequalities."""
    labels: Mapping[str, str] = pod["metadata"].get("labels") or {}
    for part in filter(None, selector.split(",")):
        key, is_unequal, value = part.partition("!=")
        if not is_unequal:
            key, _, value = part.replace("==", "=").partition("=")
        if (labels.get(key) == value) == bool(is_unequal):
            return False
    return True


def now() -> str:
    """Return the time, as the API writes it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class ApiServer(ThreadingHTTPServer):
    """The server.

    Args:
        store: the pods.

    Attributes:
        unknown: the requests that it does not know. Nobody should make one.
    """

    daemon_threads = True

    def __init__(self, store: PodStore) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.unknown: deque[str] = deque()
        self.is_open = True
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> ApiServer:  # noqa: PYI034 - Self is not in Python 3.10
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.is_open = False
        with self.store.changed:
            self.store.changed.notify_all()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        name = self._pod_name(url.path)
        if url.path in _RESOURCES:
            self._answer(200, _RESOURCES[url.path])
        elif name == "" and query.get("watch", "").lower() == "true":
            self._watch(int(query.get("resourceVersion") or 0), query.get("labelSelector", ""))
        elif name == "":
            self._answer(200, self._store.select(query.get("labelSelector", "")))
        elif name:
            self._pod(lambda: self._store.get(name))
        else:
            self._refuse()

    def do_POST(self) -> None:
        body = self._body()
        if self._pod_name(urllib.parse.urlsplit(self.path).path) == "":
            self._answer(201, self._store.create(body))
        else:
            self._refuse()

    def do_PATCH(self) -> None:
        body, name = self._body(), self._pod_name(urllib.parse.urlsplit(self.path).path)
        metadata = body.pop("metadata", {})

        def patch(pod: Pod) -> None:
            for field in ("labels", "annotations"):
                pod["metadata"].setdefault(field, {}).update(metadata.pop(field, None) or {})

        if not name:
            self._refuse()
            return
        self._pod(lambda: self._store.change(name, patch))
        if body or metadata:
            self._server.unknown.append(f"PATCH {self.path}: {body or metadata}")

    def do_DELETE(self) -> None:
        body, name = self._body(), self._pod_name(urllib.parse.urlsplit(self.path).path)
        if name:
            self._pod(lambda: self._store.request_deletion(name, body.get("gracePeriodSeconds")))
        else:
            self._refuse()

    @property
    def _server(self) -> ApiServer:
        return cast("ApiServer", self.server)

    @property
    def _store(self) -> PodStore:
        return self._server.store

    def _pod_name(self, path: str) -> str | None:
        """Return the name of a pod; an empty string for all pods, and None for anything else."""
        match path.split("/")[1:]:
            case ["api", "v1", "namespaces", _, "pods"]:
                return ""
            case ["api", "v1", "namespaces", _, "pods", name]:
                return name
        return None

    def _body(self) -> dict[str, Any]:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body: dict[str, Any] = json.loads(content or b"{}")
        return body

    def _pod(self, action: Callable[[], Pod]) -> None:
        try:
            self._answer(200, action())
        except NotFoundError as error:
            self._answer(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "message": str(error)})

    def _refuse(self) -> None:
        self._server.unknown.append(f"{self.command} {self.path}")
        self._answer(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "message": self.path})

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _watch(self, position: int, selector: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        try:
            while self._server.is_open:
                position, events = self._store.events(position, selector)
                for event in events:
                    line = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            return  # the client has gone
