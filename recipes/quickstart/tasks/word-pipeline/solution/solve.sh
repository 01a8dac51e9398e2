#!/bin/bash
set -e
export LC_ALL=C
tr -cs 'A-Za-z' '\n' < /app/text.txt | tr 'A-Z' 'a-z' | sed '/^$/d' | sort | uniq -c \
  | sort -k1,1nr -k2,2 | sed -n '1,5p' | awk '{ print $1, $2 }' > /app/top.txt
