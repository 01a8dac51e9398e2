#!/bin/bash
# Prints the largest whole number in a file that holds one on each line.
largest=0
while read -r number; do
  if [[ "$number" > "$largest" ]]; then
    largest=$number
  fi
done < "$1"
echo "$largest"
