"""The readiness gate: it opens only for a host that can run the tasks of every required Dag."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.cli.doctor.readiness.checks import Requirement, check_readiness
from support.bundle_files import DIST, ROOT
from support.dag_files import damage, write
from support.peer import DEADLINE_S, TOOL

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.cli.doctor.check import Check


CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
EFFECT = "tasks fail here with an empty log, and the worker's log has `cannot find executable bundle`"


def check(*dag_ids: str, folder: Path | None) -> tuple[list[Requirement], dict[str, Check]]:
    """Run the checks for Airflow 3.3, and return what they say of each Dag, and the last check of each name."""
    requirements, checks = check_readiness(dag_ids, folder, {"AIRFLOW_CONFIG": "/missing"}, (3, 3))
    return requirements, {check.name: check for check in checks}


def test_a_host_that_is_ready(tmp_path: Path) -> None:
    """Each Dag is listed once, with its file."""
    write(tmp_path / "sales", "sales", "other")
    requirements, checks = check("sales", "other", "sales", folder=tmp_path)
    assert requirements == [Requirement(name, (str(tmp_path / "sales"),), ready=True) for name in ("sales", "other")]
    assert {name: check.state for name, check in checks.items()} == {
        "loopback": "ok",
        "temporary folder": "ok",
        "required Dag": "ok",
        "startup": "ok",
    }


def test_a_missing_file(tmp_path: Path) -> None:
    """The message names the folder, and says where a task that starts all the same leaves a trace."""
    write(tmp_path / "other", "other")
    requirements, checks = check("sales", "other", folder=tmp_path)
    assert [requirement.ready for requirement in requirements] == [False, True]
    _, checks = check("sales", folder=tmp_path)
    missing = checks["required Dag"]
    assert (missing.state, missing.text) == ("failed", f"sales: no bundle file with this Dag in {tmp_path}")
    assert missing.cure == f"copy the file there; until then, {EFFECT}"
    for name in ("missing", "x" * 300):
        text = check("sales", folder=tmp_path / name)[1]["required Dag"].text
        assert text.endswith(f"{name}, which is not a folder that this user can read")


def test_a_file_that_airflow_does_not_use(tmp_path: Path) -> None:
    """The message has the reason."""
    damage(write(tmp_path / "sales", "sales"))
    write(tmp_path / "second", "sales").chmod(0o644)
    problem = check("sales", folder=tmp_path)[1]["required Dag"]
    assert problem.text.startswith("sales: Airflow uses none of its files: ")
    assert f"{tmp_path / 'sales'}: it is damaged" in problem.text
    assert f"{tmp_path / 'second'}: it is not executable for this user" in problem.text
    assert problem.cure == f"replace the file; until then, {EFFECT}"


def test_a_file_for_another_host(tmp_path: Path) -> None:
    """A file whose floor this host does not meet is not started."""
    floor = "floor: {os: linux, architecture: riscv64}"
    sdk = 'sdk: {language: raw, name: dagfloe, version: "1", supervisor_schema_version: "2026-06-16"}'
    write(tmp_path / "sales", "sales", more=f"{floor}\n{sdk}")
    requirements, checks = check("sales", folder=tmp_path)
    assert requirements == [Requirement("sales", (str(tmp_path / "sales"),), ready=False)]
    assert checks["requirements"].text.startswith(f"{tmp_path / 'sales'}: the file is for riscv64, and this host is ")
    assert "startup" not in checks


def test_a_file_that_airflow_3_4_makes_executable(tmp_path: Path) -> None:
    """The check changes no file: it asks for the executable bit."""
    file = write(tmp_path / "sales", "sales")
    file.chmod(0o644)
    (requirement,), checks = check_readiness(("sales",), tmp_path, {}, (3, 4))
    assert (requirement.files, requirement.ready) == ((str(file),), False)
    assert checks[-1].text == f"{file} is not executable for this user"
    assert checks[-1].cure == f"chmod +x {file}"


def test_one_file_for_each_coordinator(tmp_path: Path) -> None:
    """If two coordinators have a file of the Dag, both must run, because either may be asked for a task."""
    coordinators = {
        name: {"classpath": CLASS, "kwargs": {"executables_root": [str(tmp_path / name)]}} for name in ("old", "new")
    }
    env = {
        "AIRFLOW_CONFIG": "/missing",
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps({"a": "old", "b": "new"}),
    }
    files = [write(tmp_path / name / "sales", "sales") for name in ("old", "new")]
    for is_ready in (True, False):
        ((requirement,), _) = check_readiness(("sales",), None, env, (3, 3))
        assert requirement == Requirement("sales", tuple(map(str, files)), ready=is_ready)
        own = 'sdk: {language: python, name: dagfloe, version: "1", supervisor_schema_version: "2026-06-16"}'
        write(files[1], "sales", more=own, program="raise SystemExit('no library')\n")
    _, checks = check_readiness(("sales",), None, {**env, "AIRFLOW__SDK__COORDINATORS": "{}"}, (3, 3))
    assert checks[-1].text == "none is for bundle files"


def run_gate(folder: Path, env: dict[str, str], *, prepare: str = "", status: int = 0) -> dict[str, Any]:
    """Run `dagfloe doctor --require hello --json` in a mount namespace of its own, after some shell commands."""
    command = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*command, "true"], check=False, capture_output=True, timeout=DEADLINE_S).returncode:
        pytest.skip("this host allows no namespaces")
    script = f'set -e; {prepare}\nexec $RUN {TOOL} doctor --require hello --airflow 3.3 --json "$@"'
    done = subprocess.run(
        [*command, "sh", "-c", script, "sh", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env={**os.environ, **env},
    )
    assert done.returncode == status, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["ok"] is (status == 0)
    return report


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder with the example `hello`."""
    folder = tmp_path / "bundles"
    folder.mkdir()
    shutil.copy2(DIST / "hello", folder)
    return folder


@pytest.mark.frozen
def test_a_real_file(bundles: Path, tmp_path: Path) -> None:
    """The first check unpacks the file, and shows the place of the program."""
    for _ in range(2):
        report = run_gate(bundles, {"DAGFLOE_CACHE_DIR": str(tmp_path / "cache")})
        assert report["required"] == [{"dag_id": "hello", "files": [str(bundles / "hello")], "ready": True}]
        last = report["checks"][-1]
        assert (last["name"], last["state"]) == ("cache folder", "ok")
        assert last["text"].startswith(f"{tmp_path}/cache/store/entries/")


@pytest.mark.frozen
def test_a_full_disk(bundles: Path, tmp_path: Path) -> None:
    """A host on which no folder has space is not ready, and the message has the reason of each folder."""
    # The mounts hide this folder and that of the tests if these are in /tmp, so both are mounted again.
    prepare = "mount -t tmpfs none /mnt; mkdir /mnt/root; mount --rbind / /mnt/root; RUN='chroot /mnt/root'\n"
    prepare += "for place in tmp var/tmp dev/shm; do mount -t tmpfs -o size=64k none /mnt/root/$place; done\n"
    for folder in (ROOT, bundles):
        prepare += f"mkdir -p /mnt/root{folder}; mount --bind {folder} /mnt/root{folder}\n"
    env = {"DAGFLOE_CACHE_DIR": "/tmp/cache", "HOME": "/proc/nowhere", "XDG_CACHE_HOME": "", "TMPDIR": ""}  # noqa: S108
    report = run_gate(bundles, env, prepare=prepare, status=1)
    failed = [check for check in report["checks"] if check["state"] == "failed"]
    assert [check["name"] for check in failed] == ["startup"]
    assert failed[0]["text"].startswith("exit status 126: hello: the cache folder /tmp/cache cannot be used: ")
    assert failed[0]["text"].count("No space left on device") >= 3
    assert "no cache folder can be used: set DAGFLOE_CACHE_DIR" in failed[0]["text"]


@pytest.mark.frozen
def test_no_temporary_folder(bundles: Path, tmp_path: Path) -> None:
    """Airflow itself does not start on a host without a writable folder for temporary files."""
    warm = f"DAGFLOE_CACHE_DIR={tmp_path}/cache {TOOL} cache warm --quiet {bundles}/hello; "
    prepare = f"{warm}mount -t tmpfs none /mnt; mkdir /mnt/root; mount --rbind / /mnt/root; RUN='chroot /mnt/root'\n"
    prepare += "for place in tmp var/tmp; do mount -t tmpfs none /mnt/root/$place; done\n"
    for folder in (ROOT, tmp_path):
        prepare += f"mkdir -p /mnt/root{folder}; mount --bind {folder} /mnt/root{folder}\n"
    prepare += "for place in tmp var/tmp; do mount -o remount,ro /mnt/root/$place; done\n"
    prepare += "mount -o remount,ro,bind /mnt/root\n"
    env = {"DAGFLOE_CACHE_DIR": f"{tmp_path}/cache", "TMPDIR": ""}
    report = run_gate(bundles, env, prepare=prepare, status=1)
    (failed,) = (check for check in report["checks"] if check["state"] == "failed")
    assert failed["name"] == "temporary folder"
    assert failed["cure"] == "mount a writable folder on /tmp, or set TMPDIR to one"


@pytest.mark.frozen
def test_a_chosen_folder_that_cannot_be_used(bundles: Path, tmp_path: Path) -> None:
    """The tasks run from another folder, so the gate is open, with a warning."""
    (tmp_path / "cache").mkdir(mode=0o700)
    prepare = f"mount -t tmpfs -o size=64k,mode=700 none {tmp_path}/cache; "
    env = {"DAGFLOE_CACHE_DIR": str(tmp_path / "cache"), "XDG_CACHE_HOME": str(tmp_path / "other")}
    checks = run_gate(bundles, env, prepare=prepare)["checks"]
    (warning,) = (check for check in checks if check["state"] == "warning")
    assert warning["name"] == "cache folder"
    assert f"the cache folder {tmp_path}/cache is not used: " in warning["text"]
    assert checks[-1]["text"].startswith(f"{tmp_path}/other/dagfloe/store/entries/")


@pytest.mark.frozen
def test_little_space_for_the_next_version(bundles: Path, tmp_path: Path) -> None:
    """An unpacked version runs on a full disk, so the gate is open, with a warning."""
    prepare = f"mkdir {tmp_path}/cache; mount -t tmpfs -o size=60m,mode=700 none {tmp_path}/cache; "
    checks = run_gate(bundles, {"DAGFLOE_CACHE_DIR": str(tmp_path / "cache")}, prepare=prepare)["checks"]
    assert checks[-1]["state"] == "warning"
    assert checks[-1]["text"].endswith(" MB are free")
    assert checks[-1]["cure"] == "free some space, because the next version of the bundle may not fit"


@pytest.mark.frozen
def test_a_warmed_store_that_cannot_be_written(bundles: Path, tmp_path: Path) -> None:
    """A store that was filled beforehand, as in an image, is good although it is read-only."""
    cache = tmp_path / "cache"
    warm = f"{TOOL} cache warm --quiet --shared --dir {cache} {bundles}/hello; "
    prepare = f"{warm}mount --bind {cache} {cache}; mount -o remount,ro,bind {cache}; "
    checks = run_gate(bundles, {"DAGFLOE_CACHE_DIR": str(cache)}, prepare=prepare)["checks"]
    assert {check["state"] for check in checks} == {"ok"}
    assert checks[-1]["text"].startswith(f"{cache}/store/entries/")
