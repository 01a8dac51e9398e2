#!/bin/bash
# Reward 1 if the list is exactly what the task asks for, else 0.
mkdir -p /logs/verifier
expected='16 the
6 and
5 mill
5 river
3 miller'
if [ "$(cat /app/top.txt 2>&1)" = "$expected" ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo "top.txt is not what was asked for:"
  cat /app/top.txt
  echo 0 > /logs/verifier/reward.txt
fi
