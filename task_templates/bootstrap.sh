#!/usr/bin/env bash
# Starts the node program on a machine that SkyPilot made: bash bootstrap.sh RUN_DIRECTORY
#
# It runs inside the job, never as SkyPilot's `setup`: a set-up that fails there leaves the machine up, a job that fails
# lets it go down. Its folder is the bundle: the otcloud wheel, the run directory, and this file. Started a second time,
# it finds its venv ready. The exit code is the node's.
set -euo pipefail

if [ "${SKYPILOT_NUM_NODES:-1}" -gt 1 ]; then
  echo "the node program of this version serves a model on one machine, not on ${SKYPILOT_NUM_NODES}" >&2
  exit 2
fi

bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run_directory=${1:?usage: bash bootstrap.sh RUN_DIRECTORY}

# SkyPilot brings uv along, in a folder that is not always on the PATH.
uv=$(PATH="$PATH:$HOME/.local/bin" command -v uv || true)
if [ -z "$uv" ]; then
  curl -LsSf https://astral.sh/uv/install.sh | env UV_INSTALL_DIR="$HOME/.local/bin" UV_NO_MODIFY_PATH=1 sh
  uv=$HOME/.local/bin/uv
fi
export UV=$uv

# uv fetches Python where the machine has none of that version; UV_PYTHON names one of the site's own.
# The folder of a job may be shared by machines and not allow links or locks: the venv lies in this user's home.
wheel=$(ls "$bundle"/otcloud-*.whl)
venv=$HOME/.cache/otcloud/node/$(sha256sum "$wheel" | cut -c 1-16)
if [ ! -e "$venv/ready" ]; then
  "$uv" venv --quiet --clear --no-project --python "${UV_PYTHON:-3.12}" "$venv"
  "$uv" pip install --quiet --python "$venv/bin/python" "$wheel"
  touch "$venv/ready"
fi

exec "$venv/bin/python" -m otcloud.node "$bundle/$run_directory"
