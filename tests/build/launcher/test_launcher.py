"""The launcher of a bundle file unpacks once, and starts the task on every host that can run it."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagfloe.format.payload import LINK, PLAIN, PROGRAM, Payload, ProgramFile, read_program
from support.launcher import CANNOT_RUN, entries, environment, leftovers, payload, snapshot, start, write_bundle
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Callable

EXPECTED = "started one two\nsome data\n"
ARGUMENTS = ("one", "two")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A small bundle file."""
    return write_bundle(tmp_path / "tiny")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder that does not exist yet."""
    return tmp_path / "cache"


# Starting


@pytest.mark.parametrize("code", [0, 1, 3])
def test_first_and_later_starts(bundle: Path, cache: Path, code: int) -> None:
    """The program gets the arguments and returns its own exit status. Only the first start writes to the store."""
    env = environment(DAGFLOE_CACHE_DIR=cache, EXIT=str(code))
    first = start(bundle, *ARGUMENTS, env=env)
    assert (first.returncode, first.stdout, first.stderr) == (code, EXPECTED, "")
    assert leftovers(cache) == []
    before = snapshot(cache)
    for _ in range(3):
        later = start(bundle, *ARGUMENTS, env=env)
        assert (later.returncode, later.stdout, later.stderr) == (code, EXPECTED, "")
    assert snapshot(cache) == before


def test_one_process(tmp_path: Path, cache: Path) -> None:
    """The started process is the program itself, so it receives signals and returns its status directly."""
    bundle = write_bundle(tmp_path / "tiny", payload("#!/bin/sh\necho $$\nkill -SEGV $$\n"))
    with subprocess.Popen(
        [bundle], stdout=subprocess.PIPE, text=True, env=environment(DAGFLOE_CACHE_DIR=cache)
    ) as process:
        output, _ = process.communicate(timeout=DEADLINE_S)
    assert int(output) == process.pid
    assert process.returncode == -signal.SIGSEGV


def test_modes_and_owner(bundle: Path, cache: Path) -> None:
    """Unpacked files are readable for this user alone and not writable. Programs stay executable."""
    assert start(bundle, env=environment(DAGFLOE_CACHE_DIR=cache)).returncode == 0
    (entry,) = entries(cache)
    assert entry.stat().st_mode & 0o777 == 0o700
    assert (entry / "tiny").stat().st_mode & 0o777 == 0o500
    assert (entry / "lib" / "data.txt").stat().st_mode & 0o777 == 0o400
    assert cache.joinpath("store").stat().st_mode & 0o777 == 0o700


def test_program_keeps_its_umask(tmp_path: Path, cache: Path) -> None:
    """The program inherits the umask of the process that started the launcher."""
    bundle = write_bundle(tmp_path / "tiny", payload("#!/bin/sh\numask\n"))
    command = f"umask 027; exec {bundle}"
    env = environment(DAGFLOE_CACHE_DIR=cache)
    for _ in range(2):
        answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env=env, timeout=60)
        assert answer.stdout == "0027\n"


def test_concurrent_first_starts(bundle: Path, cache: Path) -> None:
    """All of 20 first starts at once run the program. They create one entry and leave nothing in `partial`."""
    env = environment(DAGFLOE_CACHE_DIR=cache)
    running = [
        subprocess.Popen([bundle, *ARGUMENTS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        for _ in range(20)
    ]
    for process in running:
        output, errors = process.communicate(timeout=DEADLINE_S)
        assert (process.returncode, output, errors) == (0, EXPECTED, "")
    assert len(entries(cache)) == 1
    assert leftovers(cache) == []


def test_first_starts_that_are_killed(bundle: Path, tmp_path: Path) -> None:
    """After a first start was killed at any time, the next start runs and cleans up."""
    generator = random.Random(1)  # noqa: S311 - for delays, not for secrets
    killed = 0
    for number in range(100):
        cache = tmp_path / f"cache{number % 10}"
        process = subprocess.Popen([bundle], stdout=subprocess.DEVNULL, env=environment(DAGFLOE_CACHE_DIR=cache))
        time.sleep(generator.uniform(0, 0.012))
        process.kill()
        killed += process.wait(DEADLINE_S) == -signal.SIGKILL
        if number % 10 == 9 or generator.random() < 0.3:
            after = start(bundle, *ARGUMENTS, env=environment(DAGFLOE_CACHE_DIR=cache))
            assert (after.returncode, after.stdout, after.stderr) == (0, EXPECTED, "")
            assert leftovers(cache) == []
            subprocess.run(["rm", "-rf", str(cache)], check=True)
    assert killed > 20


# Entries


def test_new_version_reuses_what_did_not_change(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """A first start of a new version writes only the changed files. The old entry stays."""
    newer = write_bundle(tmp_path / "newer", payload(data=b"other data\n"))
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    (old,) = entries(cache)
    objects = set(cache.joinpath("store", "objects").iterdir())
    assert start(newer, env=env).stdout.endswith("other data\n")
    (new,) = set(entries(cache)) - {old}
    assert (new / "lib/deep/er/large.bin").stat().st_ino == (old / "lib/deep/er/large.bin").stat().st_ino
    assert (new / "lib/data.txt").stat().st_ino != (old / "lib/data.txt").stat().st_ino
    assert len(set(cache.joinpath("store", "objects").iterdir()) - objects) == 1
    assert start(bundle, *ARGUMENTS, env=env).stdout == EXPECTED


def rewrite(path: Path) -> None:
    """Replace a file with another one of the same size."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(bytes(len(data)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "lib/data.txt").unlink(),
        lambda entry: rewrite(entry / "lib/data.txt"),
        lambda entry: (entry / "tiny").write_text("#!/bin/sh\necho bad\n"),
        lambda entry: subprocess.run(["rm", "-rf", str(entry / "lib")], check=True),
        lambda entry: (entry / "lib/data.txt").chmod(0o666),
    ],
)
def test_damaged_entries_are_repaired(bundle: Path, cache: Path, damage: Callable[[Path], object]) -> None:
    """The next start repairs an entry in which somebody deleted or changed files."""
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    damage(entries(cache)[0])
    after = start(bundle, *ARGUMENTS, env=env)
    assert (after.returncode, after.stdout, after.stderr) == (0, EXPECTED, "")


def test_running_program_keeps_its_entry(tmp_path: Path, cache: Path) -> None:
    """While a program runs, its lock keeps its entry from being pruned."""
    bundle = write_bundle(
        tmp_path / "tiny", payload('#!/bin/sh\necho ready\nread line\ncat "$(dirname "$0")/lib/data.txt"\n')
    )
    env = environment(DAGFLOE_CACHE_DIR=cache)
    with subprocess.Popen([bundle], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        (entry,) = entries(cache)
        expire(entry)
        assert start(write_bundle(tmp_path / "other", payload(data=b"x")), env=env).returncode == 0
        assert entry in entries(cache)
        with entry.with_name(f"{entry.name}.use").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        output, _ = process.communicate("\n", timeout=DEADLINE_S)
        assert output == "some data\n"


def expire(entry: Path) -> None:
    """Set the last use of an entry to a time long ago."""
    os.utime(entry.with_name(f"{entry.name}.use"), (1, 1))


# Places


def test_places_in_order(bundle: Path, tmp_path: Path) -> None:
    """The launcher prefers DAGFLOE_CACHE_DIR, then the build's folder, then the user's cache and temporary folders."""
    built = write_bundle(tmp_path / "built", payload(cache_dir=str(tmp_path / "pinned")))
    own = f"dagfloe-{os.geteuid()}"
    cases: list[tuple[Path, dict[str, Path], Path]] = [
        (bundle, {"DAGFLOE_CACHE_DIR": tmp_path / "1", "XDG_CACHE_HOME": tmp_path / "2"}, tmp_path / "1"),
        (built, {"XDG_CACHE_HOME": tmp_path / "2", "HOME": tmp_path / "3"}, tmp_path / "pinned"),
        (bundle, {"XDG_CACHE_HOME": tmp_path / "2", "HOME": tmp_path / "3"}, tmp_path / "2" / "dagfloe"),
        (bundle, {"HOME": tmp_path / "3"}, tmp_path / "3" / ".cache" / "dagfloe"),
        (bundle, {"TMPDIR": tmp_path / "4"}, tmp_path / "4" / own),
        (bundle, {"HOME": Path("relative"), "TMPDIR": tmp_path / "5"}, tmp_path / "5" / own),
        (bundle, {"HOME": Path("/proc/nowhere"), "TMPDIR": tmp_path / "6"}, tmp_path / "6" / own),
    ]
    for file, env, place in cases:
        answer = start(file, *ARGUMENTS, env=environment(**env))
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, EXPECTED, "")
        assert len(entries(place)) == 1


@pytest.mark.parametrize("below", ["", "store", "store/entries", "store/objects"])
def test_folder_that_others_can_write_is_refused(bundle: Path, cache: Path, tmp_path: Path, below: str) -> None:
    """A folder that another user can write to is not used, and stderr says so. The task runs from the next folder."""
    env = environment(DAGFLOE_CACHE_DIR=cache, TMPDIR=tmp_path / "next")
    assert start(bundle, env=env).returncode == 0
    (cache / below).chmod(0o777)
    answer = start(bundle, *ARGUMENTS, env=env)
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert answer.stderr == (
        f"tiny: the cache folder {cache} is not used: its mode 777 lets other users change the program\n"
    )
    assert len(entries(tmp_path / "next" / f"dagfloe-{os.geteuid()}")) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_folder_of_another_user_is_refused(bundle: Path, tmp_path: Path) -> None:
    """A folder of another user is not used, and stderr says so even for a default folder."""
    home = tmp_path / "home"
    (home / ".cache" / "dagfloe").mkdir(parents=True)
    os.chown(home / ".cache" / "dagfloe", 12345, -1)
    answer = start(bundle, *ARGUMENTS, env=environment(HOME=home, TMPDIR=tmp_path))
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert "is not used: it belongs to user 12345, who could change the program" in answer.stderr


def run_in_mount_namespace(script: str, bundle: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a shell script in its own mount namespace, with the path of the bundle file in `$BUNDLE`."""
    command = ["unshare", "--map-root-user", "--mount", "sh", "-ec", script]
    env = {**env, "BUNDLE": str(bundle)}
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env)


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("noexec", "it is mounted noexec"),
        ("size=100k", "No space left on device"),
        ("ro", "it has no folder store yet, and it cannot be written"),
    ],
)
def test_unusable_mounts(bundle: Path, tmp_path: Path, option: str, reason: str) -> None:
    """A folder that is full, read-only or mounted noexec is skipped. Stderr names it if a person chose it."""
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    script = f"mount -t tmpfs -o mode=700,{option} none {chosen}; exec $BUNDLE one two"
    answer = run_in_mount_namespace(script, bundle, environment(DAGFLOE_CACHE_DIR=chosen, TMPDIR=tmp_path))
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert answer.stderr.startswith(f"tiny: the cache folder {chosen} is not used: ")
    assert reason in answer.stderr
    answer = run_in_mount_namespace(script, bundle, environment(XDG_CACHE_HOME=chosen, TMPDIR=tmp_path))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, EXPECTED, "")


def test_full_disk_is_freed_again(bundle: Path, tmp_path: Path) -> None:
    """The launcher deletes the files that it unpacked before the disk was full."""
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    script = f"mount -t tmpfs -o mode=700,size=1m none {chosen}; $BUNDLE; find {chosen} -type f -size +0 | wc -l"
    answer = run_in_mount_namespace(script, bundle, environment(DAGFLOE_CACHE_DIR=chosen, TMPDIR=tmp_path))
    assert "No space left on device" in answer.stderr
    assert answer.stdout.splitlines()[-1] == "0"


def test_warm_store_that_cannot_be_written(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """A warmed store is used even if it is read-only."""
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    script = f"mount --bind {cache} {cache}; mount -o remount,ro,bind {cache}; exec $BUNDLE one two"
    answer = run_in_mount_namespace(script, bundle, env)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, EXPECTED, "")


def test_no_place_at_all(bundle: Path, tmp_path: Path) -> None:
    """If no folder is both writable and executable, the last line says what to do."""
    script = (
        "for folder in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777,noexec none $folder; done; exec $BUNDLE"
    )
    # The mounts hide the path of the bundle file, so the descriptor stands for it.
    with open(bundle, "rb") as file:  # noqa: PTH123 - its descriptor is passed on
        answer = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-ec", script],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env=environment(BUNDLE=f"/proc/self/fd/{file.fileno()}"),
            pass_fds=(file.fileno(),),
        )
    assert answer.returncode == CANNOT_RUN
    assert answer.stdout == ""
    *reasons, advice = answer.stderr.splitlines()
    assert len(reasons) == 3
    assert all("cannot be used: it is mounted noexec" in reason for reason in reasons)
    assert "set DAGFLOE_CACHE_DIR to a folder that this user can write to and that allows execution" in advice


# Damaged files and unsuitable hosts


@pytest.mark.parametrize("at", [-3, -89, -116, -149, -155, -400])
def test_damaged_file(bundle: Path, cache: Path, at: int) -> None:
    """A file with a changed byte in its trailer, footer or index is not started. Stderr says what to do."""
    data = bytearray(bundle.read_bytes())
    data[at] ^= 1
    bundle.write_bytes(data)
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=cache))
    assert (answer.returncode, answer.stdout) == (CANNOT_RUN, "")
    assert "the bundle file is damaged: copy it to this host again" in answer.stderr


def test_damaged_part(tmp_path: Path, cache: Path) -> None:
    """A file with a changed payload is not started, and no entry remains."""
    content = os.urandom(20)  # no other store on this host has it
    bundle = write_bundle(tmp_path / "tiny", payload(data=content))
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(content, bytes(20)))
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=cache, TMPDIR=tmp_path))
    assert answer.returncode == CANNOT_RUN
    assert "the file lib/data.txt in the bundle is damaged: copy the bundle file to this host again" in answer.stderr
    assert entries(cache) == []
    assert leftovers(cache) == []


@pytest.mark.parametrize(
    ("loader", "version", "reason"),
    [
        ("/lib/ld-of-another-world.so.1", "2.17", "this host has no /lib/ld-of-another-world.so.1"),
        ("/bin/sh", "2.999", "the bundle needs glibc 2.999 or newer, but this host has 2."),
    ],
)
def test_host_without_the_c_library(tmp_path: Path, cache: Path, loader: str, version: str, reason: str) -> None:
    """On a host without the C library, stderr says what is missing, and nothing is unpacked."""
    bundle = write_bundle(tmp_path / "tiny", payload(loader=loader, libc_version=version))
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=cache))
    assert (answer.returncode, answer.stdout) == (CANNOT_RUN, "")
    assert reason in answer.stderr
    assert entries(cache) == []


def test_host_with_the_c_library(tmp_path: Path, cache: Path) -> None:
    """A host with the C library starts the program."""
    bundle = write_bundle(tmp_path / "tiny", payload(loader="/bin/sh", libc_version="2.5"))
    assert start(bundle, env=environment(DAGFLOE_CACHE_DIR=cache)).returncode == 0


# Contents


def id_of(bundle: Path) -> str:
    """The name of a bundle file's entry."""
    footer = bundle.read_bytes()[: -64 - 22][-64:]
    return footer[16:48].hex()


contents = st.binary(max_size=300) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=20), st.integers(0, 3000)
)
names = st.lists(st.text("abcdé", min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)


@settings(max_examples=25)
@given(st.dictionaries(names, contents, max_size=6), st.sampled_from(["t", "lib/data.txt", "/nowhere"]))
def test_unpacked_files_equal_the_packed_files(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], target: str
) -> None:
    """Any program is unpacked with its contents, kinds, links and paths. Equal programs give equal bundle files."""
    folder = tmp_path_factory.mktemp("any")
    inside = {f"lib/{name}.{number}": content for number, (name, content) in enumerate(files.items())}
    program = (
        ProgramFile("t", PROGRAM, b"#!/bin/sh\necho $0\n"),
        ProgramFile("to", LINK, target.encode()),
        *(ProgramFile(name, PLAIN, content) for name, content in inside.items()),
    )
    bundle = write_bundle(folder / "any", Payload("any", "t", program))
    assert write_bundle(folder / "again", Payload("any", "t", program)).read_bytes() == bundle.read_bytes()
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=folder / "cache"))
    assert (answer.returncode, answer.stderr) == (0, "")
    (entry,) = entries(folder / "cache")
    assert Path(answer.stdout.strip()).parent == entry
    assert sorted(read_program(entry), key=lambda file: file.path) == sorted(program, key=lambda file: file.path)
    assert entry.name == id_of(bundle)


# Pruning


def test_unused_entries_are_pruned(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """A first start removes entries that nobody started for a long time, but not the objects that others share."""
    other = write_bundle(tmp_path / "other", payload(data=b"other\n"))
    third = write_bundle(tmp_path / "third", payload(data=b"third\n"))
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    (old,) = entries(cache)
    assert start(other, env=env).returncode == 0
    expire(old)
    assert old in entries(cache)
    assert start(third, *ARGUMENTS, env=env).stdout.endswith("third\n")
    assert old not in entries(cache)
    assert not old.with_name(f"{old.name}.use").exists()
    assert leftovers(cache) == []
    assert len(entries(cache)) == 2
    assert start(bundle, *ARGUMENTS, env=env).stdout == EXPECTED


def test_store_that_is_too_large_is_pruned(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """A first start removes the least recently started entries while the store is too large."""
    # All entries share 2 MB, so that there is room for two entries with 1 MB of their own.
    env = environment(DAGFLOE_CACHE_DIR=cache, DAGFLOE_CACHE_MIB="4")
    large = [
        write_bundle(tmp_path / f"large{number}", payload(data=bytes([number]) * (1 << 20))) for number in range(3)
    ]
    for number, file in enumerate(large):
        assert start(file, env=env).returncode == 0
        lock = cache / "store" / "entries" / f"{id_of(file)}.use"
        os.utime(lock, (time.time() - 60 + number,) * 2)
    assert {entry.name for entry in entries(cache)} == {id_of(large[1]), id_of(large[2])}
    # Both entries share three objects and have one of their own.
    assert len([*cache.joinpath("store", "objects").iterdir()]) == 5


def test_invalid_limits_are_ignored(bundle: Path, cache: Path) -> None:
    """A limit that is not a number does not count."""
    for value in ("", "-1", "x", "1e3", "99999999999999999999"):
        env = environment(DAGFLOE_CACHE_DIR=cache, DAGFLOE_CACHE_MIB=value, DAGFLOE_CACHE_DAYS=value)
        assert start(bundle, *ARGUMENTS, env=env).stdout == EXPECTED
