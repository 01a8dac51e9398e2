#!/bin/bash
set -e
grep -v '^#' /app/access.log | sed 's/.*" //' | cut -d' ' -f1 | LC_ALL=C sort | uniq -c | awk '{ print $2, $1 }' > /app/report.txt
