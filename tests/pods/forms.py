"""The forms of pods: what each of them needs, and how its task must end."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from e2e.settings import newer
from support.blocks import ROOT, read_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    Template = dict[str, Any]

PAGE = ROOT / "docs" / "how-to" / "images.md"
#: The names of images in pods.
WARM, COLD, PLAIN, NO_USER, LATE = (
    f"example/airflow-{name}:1" for name in ("warm", "cold", "plain", "no-user", "late")
)
STORE = "/opt/dagfloe"
#: The exit statuses of containers that SIGTERM and SIGKILL ended.
TERMINATED, KILLED = 143, 137
API_VARIABLE = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
_CHOOSE = "DAGFLOE_CACHE_DIR"


def page_template() -> Template:
    """Return the pod template of the page about images."""
    (block,) = (block for block in read_blocks(PAGE) if block.name == "pod-template.yaml")
    template: Template = yaml.safe_load(block.content)
    return template


def warming_command() -> str:
    """Return the command of the page's Dockerfile that fills the store while the image is built."""
    (block,) = (block for block in read_blocks(PAGE) if block.language == "dockerfile")
    match = re.search(r"(?m)^RUN (set -e(?:.*\\\n)*.*)", block.content)
    assert match, "the page has no command that warms the store"
    return match[1].replace("\\\n", "")


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        name: the row of the table.
        dag_id: the Dag that runs.
        image: the image in the template.
        change: changes the template of the page.
        stops: whether the pod is deleted while the task runs.
        tries: how often the task runs.
        statuses: the exit statuses of the pods of its first task, in order.
        line: a part of the output of the first pod; empty if the output does not matter.
        state: the state of its Dag run.
        is_passed_on: whether the result needs a supervisor that passes SIGTERM on, as that of Airflow 3.3 does.
        unpacks_in: the volume that the file is unpacked into; empty if it is not unpacked.
    """

    name: str
    dag_id: str = "hello"
    image: str = WARM
    change: Callable[[Template], object] | None = None
    stops: bool = False
    tries: int = 1
    statuses: tuple[int, ...] = (0,)
    line: str = ""
    state: str = "success"
    unpacks_in: str = ""
    is_passed_on: bool = False

    def ends(self, version: str) -> tuple[tuple[int, ...], str]:
        """Return the exit statuses and the line for a version of Airflow."""
        if self.is_passed_on and newer(version):
            # SIGTERM ends the supervisor at once, and with it the container.
            return (TERMINATED, *self.statuses[1:]), ""
        return self.statuses, self.line

    def template(self, api_url: str) -> Template:
        """Return the pod template for an Airflow whose execution API has an address."""
        template = page_template()
        container = _base(template)
        container["image"] = self.image
        (entry,) = (entry for entry in container["env"] if entry["name"] == API_VARIABLE)
        entry["value"] = api_url
        if self.change:
            self.change(template)
        return template


def _base(template: Template) -> dict[str, Any]:
    container: dict[str, Any] = template["spec"]["containers"][0]
    return container


def _unpack_into_volume(template: Template) -> None:
    """Mount an empty folder for the store."""
    template["spec"]["volumes"].append({"name": "store", "emptyDir": {}})
    _base(template)["volumeMounts"].append({"name": "store", "mountPath": "/cache"})
    # A kubelet lets every user write the folder itself, so the store is in one of its own.
    _base(template)["env"].append({"name": _CHOOSE, "value": "/cache/dagfloe"})


def _unpack_before(template: Template) -> None:
    """Let an init container unpack into the volume, which the base container cannot write."""
    _unpack_into_volume(template)
    first = copy.deepcopy(_base(template))
    command = 'set -e; for file in /opt/airflow/bundles/*; do "$file" --version; done'
    template["spec"]["initContainers"] = [{**first, "name": "unpack", "args": ["sh", "-c", command]}]
    _base(template)["volumeMounts"][-1]["readOnly"] = True


def _without_tmp(template: Template) -> None:
    _remove_volume(template, "tmp")


def _without_logs(template: Template) -> None:
    _remove_volume(template, "logs")


def _remove_volume(template: Template, name: str) -> None:
    """Mount nothing over a folder, which the container then cannot write."""
    template["spec"]["volumes"] = [volume for volume in template["spec"]["volumes"] if volume["name"] != name]
    container = _base(template)
    container["volumeMounts"] = [mount for mount in container["volumeMounts"] if mount["name"] != name]


def _another_tmp(template: Template) -> None:
    """Mount nothing over `/tmp`, and name a folder on another volume."""
    _without_tmp(template)
    _base(template)["env"].append({"name": "TMPDIR", "value": "/opt/airflow/logs"})


def _user_variable(template: Template) -> None:
    _base(template)["env"].append({"name": "USER", "value": "airflow"})


def _short_grace(template: Template) -> None:
    template["spec"]["terminationGracePeriodSeconds"] = 5


FORMS = (
    Form("warm by image"),
    Form("cold, with an empty folder for the store", image=COLD, change=_unpack_into_volume, unpacks_in="store"),
    Form(
        "cold, unpacked by an init container",
        image=COLD,
        change=_unpack_before,
        line="hello 0.1.0 (dagfloe",
        unpacks_in="store",
    ),
    Form(
        "SIGTERM during the task",
        "patient_pod",
        stops=True,
        tries=2,
        statuses=(0, 0),
        line="cleaned up",
        is_passed_on=True,
    ),
    Form(
        "SIGTERM, and the task does not stop",
        *("stubborn_pod", WARM, _short_grace),
        stops=True,
        tries=2,
        statuses=(KILLED, 0),
        is_passed_on=True,
    ),
    Form(
        "no writable /tmp",
        change=_without_tmp,
        statuses=(1, 1),
        line="No usable temporary directory found",
        state="failed",
    ),
    Form("no writable /tmp, but `TMPDIR`", change=_another_tmp),
    Form(
        "no writable folder for the logs",
        change=_without_logs,
        statuses=(1, 1),
        line="Could not create log folder",
        state="failed",
    ),
    Form("cold, without a folder for the store", image=COLD, unpacks_in="tmp"),
    Form(
        "no entry in /etc/passwd for the user",
        image=NO_USER,
        statuses=(1, 1),
        line="The user that Airflow is running as has no username",
        state="failed",
    ),
    Form("no entry in /etc/passwd, but `USER`", image=NO_USER, change=_user_variable),
    Form("an image for the tasks of the coordinator only", "other_image", image=PLAIN),
    Form("the first pod has no bundle file", image=LATE, statuses=(1, 0), line="cannot find executable bundle"),
)
