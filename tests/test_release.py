"""The workflows and recipes: their commands exist, and those that need neither a container nor GitHub run here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.peer import TOOL

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
NIGHTLY = ROOT / ".github" / "workflows" / "nightly.yml"
RECIPES = ROOT / "docs" / "recipes"
PAGE = ROOT / "docs" / "how-to" / "other-systems.md"
TIMEOUT_S = 300


def steps(workflow: Path) -> list[dict[str, Any]]:
    """All steps of all jobs."""
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def run(script: str, folder: Path, **env: str) -> None:
    """Run the commands of a step as GitHub does."""
    path = os.pathsep.join((str(Path(TOOL).parent), os.environ["PATH"]))
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path, **env}, check=True, timeout=TIMEOUT_S)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_the_targets_of_a_workflow_exist(workflow: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = [
        word
        for step in steps(workflow)
        for line in re.findall(r"^make (.*)$", step.get("run", ""), re.MULTILINE)
        for word in line.split()
        if "=" not in word
    ]
    assert used
    assert set(used) <= targets


def test_a_release_needs_the_tag_of_its_version() -> None:
    version = re.search(r'"(.*)"', (ROOT / "src/dagfloe/_version.py").read_text("utf-8").splitlines()[-1])
    assert version
    for tag, status in ((f"v{version[1]}", 0), (version[1], 2), ("v99.0.0", 2)):
        answer = subprocess.run(
            ["make", "-s", "release-version", f"TAG={tag}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert answer.returncode == status, answer.stderr
        assert (f"the tag {tag} is not v{version[1]}" in answer.stderr) == bool(status)


def test_only_the_jobs_that_publish_may_write() -> None:
    """Nothing that builds or tests has more than the right to read."""
    workflow = yaml.safe_load(RELEASE.read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "build": {"contents": "read"},
        "attest": {"attestations": "write", "id-token": "write"},
        "publish-to-pypi": {"id-token": "write"},
        "publish-to-github": {"contents": "write"},
    }


def test_every_night_all_rows_of_the_table_of_distributions_run_again() -> None:
    """They run although nothing of ours changed: the distributions did. The job may only read."""
    workflow = yaml.safe_load(NIGHTLY.read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "packages": {"contents": "read"},
        "reproducible": {"contents": "read"},
    }
    assert workflow[True]["schedule"]  # YAML reads the key `on` as true
    assert "make packages FORCE=--force" in [step.get("run") for step in steps(NIGHTLY)]


@pytest.mark.frozen
@pytest.mark.timeout(TIMEOUT_S)
def test_the_recipe_for_github_builds_and_names_the_files(tmp_path: Path) -> None:
    """Its own commands build, verify and name a bundle file."""
    shutil.copytree(ROOT / "bundles" / "hello", tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    scripts = {step["name"]: step["run"] for step in steps(RECIPES / "bundle.yml") if "run" in step}
    run(scripts["Build"], tmp_path / "project", PLATFORM="linux-x86_64")
    run(scripts["Verify"], tmp_path / "project")
    downloaded = tmp_path / "dist" / "bundle-linux-x86_64"
    shutil.copytree(tmp_path / "project" / "dist" / "linux-x86_64", downloaded)
    for file in downloaded.iterdir():
        file.chmod(0o644)  # an artifact of GitHub has no modes
    run(scripts["Name the files by platform, and make them executable again"], tmp_path)
    (file,) = (tmp_path / "release").iterdir()
    assert file.name == "hello-linux-x86_64"
    assert subprocess.run([file, "--version"], check=True, capture_output=True, timeout=60).stdout.startswith(b"hello")


@pytest.mark.frozen
@pytest.mark.timeout(TIMEOUT_S)
def test_the_container_file_builds_the_project_in_its_folder(tmp_path: Path) -> None:
    """The command of its last RUN, in a folder with a project, makes the file that the image then contains."""
    shutil.copytree(ROOT / "bundles" / "hello", tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    lines = (RECIPES / "Containerfile").read_text("utf-8").splitlines()
    (command,) = (line.removeprefix("RUN ") for line in lines if line.startswith("RUN dagfloe"))
    assert "COPY --from=build /bundles/ /" in lines
    run(command.replace("/bundles", str(tmp_path / "bundles")), tmp_path / "project")
    assert [file.name for file in (tmp_path / "bundles").iterdir()] == ["hello"]


@pytest.mark.parametrize("name", ["Containerfile", "bundle.yml"])
def test_the_page_links_to_the_recipe(name: str) -> None:
    assert f"](../recipes/{name})" in PAGE.read_text("utf-8")
