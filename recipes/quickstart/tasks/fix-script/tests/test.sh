#!/bin/bash
# Reward 1 if the script is right for five files, else 0.
mkdir -p /logs/verifier
reward=1
check() {
  local expected=$1 input actual
  shift
  input=$(mktemp)
  printf '%s\n' "$@" > "$input"
  actual=$(bash /app/largest.sh "$input" 2>&1)
  if [ "$actual" != "$expected" ]; then
    echo "numbers: $*; expected $expected, got $actual"
    reward=0
  fi
  rm -f "$input"
}
check 105 7 12 9 105 88
check 5 5
check -3 -20 -3 -7
check 1000 999 1000 10
check 0 -1 0 -2
if [ "$(tr '\n' ' ' < /app/numbers.txt)" != "7 12 9 105 88 " ]; then
  echo "numbers.txt was changed"
  reward=0
fi
echo "$reward" > /logs/verifier/reward.txt
