#!/usr/bin/env bash
# Shows the main job: installs what is needed (Debian 12), builds, puts a bridge node between a small
# BitTorrent swarm and a small ed2k network of real clients, and moves a file across both ways. Then
# compares bridge mode, SOA mode and no integration on a small experiment.
# Everything runs in private network namespaces that end with it; root is not needed for that.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/install.sh
cmake --preset release -DINTERSWARM_TESTS=OFF
cmake --build --preset release --target interswarm
/usr/bin/python3 examples/quickstart.py --binary build/release/interswarm "$@"

echo
echo "the same question asked of both solutions, with real processes and real bytes (two minutes):"
build/release/interswarm compare examples/experiments/quick.toml --out build/quick
