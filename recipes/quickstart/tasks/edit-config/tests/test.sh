#!/bin/bash
# Reward 1 if the file is exactly what the task asks for, else 0.
mkdir -p /logs/verifier
expected='# Settings of the web server.

[server]
host = 127.0.0.1
port = 8080
timeout = 30
workers = 4

[metrics]
# The collector asks here.
port = 9100
level = debug

[logging]
level = info
port = 514
file = /var/log/server.log'
if [ "$(cat /app/server.conf)" = "$expected" ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo "server.conf is not what was asked for:"
  cat /app/server.conf
  echo 0 > /logs/verifier/reward.txt
fi
