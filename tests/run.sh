#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests.
#   tests/run.sh            everything
#   tests/run.sh -L unit    arguments go to ctest
set -euo pipefail
cd "$(dirname "$0")/.."
tests/install.sh
cmake --preset dev
cmake --build --preset dev
ctest --preset dev --no-tests=error "$@"
