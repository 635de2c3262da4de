#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests.
#   tests/run.sh            everything
#   tests/run.sh -L unit    arguments go to ctest
set -euo pipefail
cd "$(dirname "$0")/.."
tests/install.sh
cmake --preset dev
cmake --build --preset dev
if [ $# -gt 0 ]; then
  exec ctest --preset dev --no-tests=error "$@"
fi
failed=0
ctest --preset dev --no-tests=error -LE interop || failed=$?
# Two at a time: they wait for slow clients.
ctest --preset dev --no-tests=error -L interop -j 2 || failed=$?
exit "$failed"
