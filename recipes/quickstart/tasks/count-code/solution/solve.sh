#!/bin/bash
set -e
find /app/src -type f -name '*.sh' -exec cat {} + | grep -cv -e '^[[:space:]]*$' -e '^[[:space:]]*#' > /app/count.txt
