"""The manifests and the Helm values of the documentation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dagfloe.cli.doctor.airflow_checks import check_airflow
from support.blocks import PAGES, read_blocks
from support.manifests import check, documented_manifests

if TYPE_CHECKING:
    from pathlib import Path

HELM_VALUES = [
    (block, values)
    for page in PAGES
    for block in read_blocks(page)
    if block.language == "yaml"
    for values in yaml.safe_load_all(block.content)
    if "kind" not in values and "config" in values
]


@pytest.mark.parametrize(
    ("block", "values"), HELM_VALUES, ids=lambda value: str(value) if not isinstance(value, dict) else ""
)
def test_helm_values(block: object, values: dict[str, Any]) -> None:
    """The chart renders settings as templates. Airflow takes them, and finds a coordinator for bundle files in them."""
    assert set(values) <= {"config", "images"}
    assert "{{" not in json.dumps(values)
    env = {
        f"AIRFLOW__{section.upper()}__{key.upper()}": value
        for section, settings in values["config"].items()
        for key, value in settings.items()
    }
    version = "3.3.2" if "executables_root" in env["AIRFLOW__SDK__COORDINATORS"] else "3.4.0"
    checks = [*check_airflow({**env, "AIRFLOW_CONFIG": "/missing"}, version)]
    states = {check.name: check.state for check in checks}
    assert states.pop("bundle folder") == "failed"  # because it is not on this host
    assert states == {"Airflow": "ok", "coordinators": "ok", "queues": "ok"}


def test_both_releases_have_helm_values() -> None:
    """One block is for Airflow 3.4, and one for 3.3."""
    assert len(HELM_VALUES) == 2


def test_manifests_are_checked(tmp_path: Path) -> None:
    """`make workflows` gives each manifest of the documentation to the validator, and fails if the validator does."""
    manifests = documented_manifests()
    assert any("kind: Pod" in content for content in manifests.values())
    validator = tmp_path / "kubernetes-validate"
    seen = tmp_path / "seen"
    validator.write_text(f'#!/bin/sh\necho "$@" >> {seen}; ! grep -q typo "$5"\n')
    validator.chmod(0o755)
    assert check(str(validator), manifests.items()) == 0
    assert all(name.replace("/", "-") in seen.read_text() for name in manifests)
    assert check(str(validator), [("bad", "typo")]) == 1
    assert check(str(validator), []) == 1
