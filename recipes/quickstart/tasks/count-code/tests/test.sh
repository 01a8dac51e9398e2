#!/bin/bash
# Reward 1 if the number is right, else 0.
mkdir -p /logs/verifier
expected=10
actual=$(cat /app/count.txt 2>&1)
if [ "$actual" = "$expected" ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo "expected $expected, got: $actual"
  echo 0 > /logs/verifier/reward.txt
fi
