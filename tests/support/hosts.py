"""Hosts with difficult conditions for the first start of a bundle file."""

from __future__ import annotations

from dataclasses import dataclass

TEMPORARY = "/tmp"  # noqa: S108 - only a name


@dataclass(frozen=True)
class Host:
    """A host with difficult conditions.

    Attributes:
        name: the row of the table.
        script: prepares the host in the empty folder `$HOST`, in its own mount namespace, and ends with
            `exec $FILE "$@"` for the bundle file.
        env: additional environment variables, in which `$HOST` is the folder.
        stderr: parts of the output on stderr; no output if empty.
        runs: whether the task can run from any folder.
    """

    name: str
    script: str
    env: dict[str, str]
    stderr: tuple[str, ...] = ()
    runs: bool = True


#: A read-only copy of the file system, with /proc, /dev, and /tmp, which may be another file system.
_READ_ONLY = """
mkdir -p $HOST/system; mount --bind / $HOST/system; mount -o remount,ro,bind $HOST/system
mount --bind /tmp $HOST/system/tmp; mount -o remount,ro,bind $HOST/system/tmp
mount --rbind /proc $HOST/system/proc; mount --rbind /dev $HOST/system/dev
mount -t tmpfs -o ro none $HOST/system/dev/shm
"""
_NOWHERE = "for folder in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777,{option} none $folder; done; "
_CURE = "set DAGFLOE_CACHE_DIR to a folder that this user can write to and that allows execution"
HOSTS = (
    Host(
        "the cache is full before anything is written",
        'mkdir $HOST/full; mount -t tmpfs -o size=64k none $HOST/full; exec $FILE "$@"',
        {"XDG_CACHE_HOME": "$HOST/full", "TMPDIR": "$HOST"},
    ),
    Host(
        "the cache is full when half is unpacked",
        'mkdir $HOST/full; mount -t tmpfs -o size=16m none $HOST/full; exec $FILE "$@"',
        {"XDG_CACHE_HOME": "$HOST/full", "TMPDIR": "$HOST"},
    ),
    Host(
        "the chosen cache is full when half is unpacked",
        'mkdir $HOST/full; mount -t tmpfs -o size=16m,mode=700 none $HOST/full; exec $FILE "$@"',
        {"DAGFLOE_CACHE_DIR": "$HOST/full", "TMPDIR": "$HOST"},
        ("is not used: cannot write", "No space left on device"),
    ),
    Host(
        "the root is read-only, a temporary folder can be written",
        _READ_ONLY + 'mount -t tmpfs none $HOST/system/tmp; exec chroot $HOST/system $FILE "$@"',
        {"HOME": "/proc/nowhere", "TMPDIR": TEMPORARY},
    ),
    Host(
        "the root is read-only, nothing can be written, the cache was warmed",
        "DAGFLOE_CACHE_DIR=$HOST/warm DAGFLOE_WARM=1 $FILE > $HOST/output;"
        + _READ_ONLY
        + 'exec chroot $HOST/system $FILE "$@"',
        {"DAGFLOE_CACHE_DIR": "$HOST/warm", "HOME": "/proc/nowhere"},
    ),
    Host(
        "the root is read-only, nothing can be written",
        _READ_ONLY
        + "for folder in tmp var/tmp; do mount -t tmpfs -o ro none $HOST/system/$folder; done; "
        + 'exec chroot $HOST/system $FILE "$@"',
        {"HOME": "/proc/nowhere"},
        (_CURE,),
        runs=False,
    ),
    Host(
        "the temporary folder allows no execution, there is a home",
        'mkdir $HOST/tmp; mount -t tmpfs -o noexec none $HOST/tmp; exec $FILE "$@"',
        {"HOME": "$HOST", "TMPDIR": "$HOST/tmp"},
    ),
    Host(
        "the temporary folder allows no execution, there is no home",
        'mount -t tmpfs -o noexec none /tmp; mount -t tmpfs none /var/tmp; exec $FILE "$@"',
        {"HOME": "/proc/nowhere", "TMPDIR": TEMPORARY},
    ),
    Host(
        "every folder that can be written allows no execution",
        _NOWHERE.format(option="noexec") + 'exec $FILE "$@"',
        {"HOME": "/proc/nowhere", "TMPDIR": TEMPORARY},
        ("it is mounted noexec", _CURE),
        runs=False,
    ),
    Host(
        "every folder that can be written is full",
        _NOWHERE.format(option="size=64k") + 'exec $FILE "$@"',
        {"HOME": "/proc/nowhere", "TMPDIR": TEMPORARY},
        ("No space left on device", _CURE),
        runs=False,
    ),
    Host(
        "the cache belongs to another user",
        'mkdir -p $HOST/cache/dagfloe; chown 12345 $HOST/cache/dagfloe; exec $FILE "$@"',
        {"XDG_CACHE_HOME": "$HOST/cache", "TMPDIR": "$HOST"},
        ("is not used: it belongs to user 12345, who could change the program",),
    ),
    Host(
        "other users can write the store",
        'mkdir -p $HOST/cache/store; chmod 777 $HOST/cache/store; exec $FILE "$@"',
        {"DAGFLOE_CACHE_DIR": "$HOST/cache", "TMPDIR": "$HOST"},
        ("is not used: its mode 777 lets other users change the program",),
    ),
)
