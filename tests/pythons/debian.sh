#!/bin/sh
# Runs a command in a small Debian that has the Python that this machine lacks: debian.sh FOLDER VERSION COMMAND ...
# It needs root, and makes the Debian with debootstrap. The mounts are private to the command, and end with it.
set -eu
root=$1 version=$2
shift 2
suite=${DAGFLOE_DEBIAN_SUITE:-forky}

if [ ! -e "$root/.installed" ]; then
    rm -rf "$root"
    mkdir -p "$(dirname "$root")"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)  # where this machine gets its own packages
    # An older debootstrap does not know the name of the suite; the script `sid` is that of all new ones.
    debootstrap --variant=minbase --include="python$version,python$version-venv,libpython$version,binutils,gcc,libc6-dev,ca-certificates,procps" \
        "$suite" "$root" "$mirror" sid > "$root.log" 2>&1 || { tail -n 5 "$root.log" >&2; exit 1; }
    ln -s "../../bin/python$version" "$root/usr/local/bin/python3"
    touch "$root/.installed"
fi

# What the command sees of this machine: the folders, the settings of pip and uv, and the certificates of the network.
export DAGFLOE_ROOT="$root"
exec unshare --mount sh -eu -c '
    mount --rbind "$DAGFLOE_ROOT" "$DAGFLOE_ROOT"  # the tests make mounts below it, so it must be one
    for path in /proc /dev /sys /tmp /root /opt /etc/resolv.conf /etc/hosts /etc/ssl /etc/pip.conf /etc/xdg "$PWD"; do
        [ -e "$path" ] || continue
        if [ -d "$path" ]; then mkdir -p "$DAGFLOE_ROOT$path"; else touch "$DAGFLOE_ROOT$path"; fi
        mount --rbind "$path" "$DAGFLOE_ROOT$path"
    done
    exec chroot "$DAGFLOE_ROOT" env -C "$PWD" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
' sh "$@"
