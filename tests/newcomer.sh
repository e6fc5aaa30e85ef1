#!/usr/bin/env bash
# Types the commands of a new user, with a wheel of this checkout, in a new home, environment and temporary folder. It
# shares only the caches of pip and uv with the host. Prints the seconds of the steps, and stops at the first failure
# with its output.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$("${PYTHON:-python3}" -c 'import sys; print(sys.executable)')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/tmp"
file=dist/$("$python" -c 'import platform, sys; print(f"{sys.platform}-{platform.machine().lower()}")')/sales

# The new user gets the host's settings of pip, its proxies and its certificates.
settings=(PIP_CACHE_DIR="$("$python" -m pip cache dir)" UV_CACHE_DIR="${UV_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/uv}")
for config in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    if [ -f "$config" ]; then settings+=(PIP_CONFIG_FILE="$config"); fi
done
while IFS='=' read -r name value; do
    case $name in PIP_* | *_proxy | *_PROXY | SSL_CERT_FILE | SSL_CERT_DIR) settings+=("$name=$value") ;; esac
done < <(env)

run_as_newcomer() { # run_as_newcomer COMMAND
    env -i "${settings[@]}" HOME="$work/home" TMPDIR="$work/tmp" LANG=C.UTF-8 \
        PATH="$work/home/venv/bin:/usr/local/bin:/usr/bin:/bin" bash -euo pipefail -c "cd \"$folder\" && $1"
}

step() { # step COMMAND [EXPECTED OUTPUT]
    local start=$EPOCHREALTIME
    if ! run_as_newcomer "$1" >"$work/output" 2>&1 || { [ -n "${2:-}" ] && ! grep -qF -- "$2" "$work/output"; }; then
        printf '%7s s  FAILED: %s\n' "$(seconds "$start")" "$1"
        [ -z "${2:-}" ] || echo "expected in the output: $2"
        cat "$work/output"
        exit 1
    fi
    printf '%7s s  %s\n' "$(seconds "$start")" "$1"
}

seconds() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.2f", to - from }'; }

start=$EPOCHREALTIME
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$work/wheels" "$root"
printf '%7s s  build the wheel\n' "$(seconds "$start")"

start=$EPOCHREALTIME
folder=$work/home
step "$python -m venv venv"
step "pip install --quiet $(echo "$work"/wheels/dagfloe-*.whl)"
step "dagfloe --help" "dagfloe new"
step "dagfloe doctor"
step "dagfloe new sales" "dagfloe build"
folder=$work/home/sales
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
printf '%7s s  total\n' "$(seconds "$start")"

if [ -n "$(ls -A "$work/tmp")" ]; then
    echo "files left in the temporary folder:" && ls -A "$work/tmp"
    exit 1
fi
