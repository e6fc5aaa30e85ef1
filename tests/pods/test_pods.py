"""The API server for pods, and the page about them."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from pods.api_server import ApiServer, NotFoundError, PodStore, matches
from pods.forms import FORMS, page_template, warming_command
from pods.page import PAGE
from pods.trial import VERSIONS
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

PODS = "/api/v1/namespaces/airflow/pods"


def pod(name: str, **labels: str) -> dict[str, Any]:
    """Return a manifest."""
    return {"metadata": {"name": name, "labels": labels}, "spec": {"terminationGracePeriodSeconds": 7}}


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A server."""
    with ApiServer(PodStore()) as server:
        yield server


def ask(server: ApiServer, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """Make a request, and return its status and its answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}{path}", data, method=method)  # noqa: S310 - http
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:  # noqa: S310 - http
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_life_of_a_pod(server: ApiServer) -> None:
    """A pod is created, labelled and deleted, and its watch sees what fits the selector."""
    assert ask(server, "POST", PODS, pod("a", team="x"))[0] == 201
    status, labelled = ask(server, "PATCH", f"{PODS}/a", {"metadata": {"labels": {"done": "True"}}})
    assert (status, labelled["metadata"]["labels"]) == (200, {"team": "x", "done": "True"})
    deleted = ask(server, "DELETE", f"{PODS}/a")[1]
    assert deleted["metadata"]["deletionGracePeriodSeconds"] == 7
    assert ask(server, "GET", f"{PODS}?labelSelector=team%3Dx")[1]["items"] == [deleted]
    assert ask(server, "GET", f"{PODS}?labelSelector=team%3Dy")[1]["items"] == []
    server.store.remove("a")
    assert ask(server, "GET", f"{PODS}/a")[0] == 404
    for selector, kinds in (("team=x", "ADDED MODIFIED MODIFIED DELETED"), ("team=x,done!=True", "ADDED DELETED")):
        events = server.store.events(0, selector)[1]
        assert [event["type"] for event in events] == kinds.split()
    assert list(server.unknown) == []


def test_an_unknown_request(server: ApiServer) -> None:
    """The server does not pretend to know what it does not."""
    assert ask(server, "GET", "/api/v1/nodes")[0] == 404
    assert list(server.unknown) == ["GET /api/v1/nodes"]
    with pytest.raises(NotFoundError):
        server.store.get("missing")


@pytest.mark.parametrize(
    ("selector", "fits"),
    [("", True), ("a=1", True), ("a==1", True), ("a=2", False), ("a!=2,c!=3", True), ("a=1,c=3", False)],
)
def test_selectors(selector: str, fits: bool) -> None:
    """Equalities and inequalities are supported, and all of them count."""
    assert matches(pod("a", a="1", b="2"), selector) is fits


def test_the_page_has_all_forms() -> None:
    """The page is written by `make airflow-pod`, and each form has a row that ended as the form says."""
    lines = PAGE.read_text("utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and not line.startswith("| pod |")]
    assert [(row[0], row[2], row[3], row[4]) for row in rows] == [
        (form.name, ", ".join(map(str, form.ends(version)[0])), str(form.tries), form.state)
        for version in VERSIONS
        for form in FORMS
    ]


def test_the_documentation_has_what_the_forms_use() -> None:
    """The template is a pod whose root is read-only, and the warming command ends at the first failure."""
    (container,) = page_template()["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert warming_command().startswith("set -e; ")
