#!/usr/bin/env bash
# What somebody types who has just heard of dagfloe: in a home, an environment and a temporary folder of their own, with
# a wheel of this checkout. Prints the seconds of each step; ends at the first one that fails, with what it said.
# Only what pip has downloaded before is taken along.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$("${PYTHON:-python3}" -c 'import sys; print(sys.executable)')
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/home" "$place/tmp"
file=dist/$("$python" -c 'import platform, sys; print(f"{sys.platform}-{platform.machine().lower()}")')/sales

# The way to the packages is the host's: pip's settings, proxies and certificates.
settings=(PIP_CACHE_DIR="$("$python" -m pip cache dir)")
for config in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    if [ -f "$config" ]; then settings+=(PIP_CONFIG_FILE="$config"); fi
done
while IFS='=' read -r name value; do
    case $name in PIP_* | *_proxy | *_PROXY | SSL_CERT_FILE | SSL_CERT_DIR) settings+=("$name=$value") ;; esac
done < <(env)

typed() { # runs a command as the newcomer
    env -i "${settings[@]}" HOME="$place/home" TMPDIR="$place/tmp" LANG=C.UTF-8 \
        PATH="$place/home/venv/bin:/usr/local/bin:/usr/bin:/bin" bash -euo pipefail -c "cd \"$folder\" && $1"
}

step() { # step COMMAND [TEXT that it should print]
    local began=$EPOCHREALTIME
    if ! typed "$1" >"$place/said" 2>&1 || { [ -n "${2:-}" ] && ! grep -qF -- "$2" "$place/said"; }; then
        printf '%7s s  FAILED: %s\n' "$(seconds "$began")" "$1"
        [ -z "${2:-}" ] || echo "it should say: $2"
        cat "$place/said"
        exit 1
    fi
    printf '%7s s  %s\n' "$(seconds "$began")" "$1"
}

seconds() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.2f", to - from }'; }

began=$EPOCHREALTIME
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$place/wheels" "$root"
printf '%7s s  a wheel of this checkout\n' "$(seconds "$began")"

began=$EPOCHREALTIME
folder=$place/home
step "$python -m venv venv"
step "pip install --quiet $(echo "$place"/wheels/dagfloe-*.whl)"
step "dagfloe --help" "dagfloe new"
step "dagfloe doctor"
step "dagfloe new sales" "dagfloe build"
folder=$place/home/sales
step "pip install --quiet --editable '.[dev]'"
step "pytest -q" " passed"
step "ruff check"
step "dagfloe run . --seed seed.toml" "32.15 in all"
step "dagfloe build" "Built dist"
step "dagfloe build" "is up to date"
step "dagfloe run $file --seed seed.toml" "32.15 in all"
step "dagfloe inspect $file" "@daily"
step "dagfloe verify $file" "is intact"
step "dagfloe doctor $file" "Dags: sales"
step "dagfloe stub $file" "def extract"
step "dagfloe completion bash | bash -n"
printf '%7s s  in all\n' "$(seconds "$began")"

if [ -n "$(ls -A "$place/tmp")" ]; then
    echo "left in the temporary folder:" && ls -A "$place/tmp"
    exit 1
fi
