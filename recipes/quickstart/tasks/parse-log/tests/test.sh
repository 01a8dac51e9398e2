#!/bin/bash
# Reward 1 if the report is exactly what the task asks for, else 0.
mkdir -p /logs/verifier
expected='200 5
301 1
302 2
403 1
404 2
500 1'
if [ "$(cat /app/report.txt 2>&1)" = "$expected" ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo "report.txt is not what was asked for:"
  cat /app/report.txt
  echo 0 > /logs/verifier/reward.txt
fi
