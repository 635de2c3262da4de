#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests.
#   tests/run.sh            everything
#   tests/run.sh -L unit    arguments go to ctest
set -euo pipefail
cd "$(dirname "$0")/.."
tests/install.sh
cmake --preset dev
cmake --build --preset dev
# Most tests wait for clocks and clients; what keeps the processors busy is marked to run alone, and no more than two
# files of interop's run at once.
ctest --preset dev --no-tests=error -j "$((2 * $(nproc)))" --resource-spec-file "$PWD/tests/resources.json" "$@"
