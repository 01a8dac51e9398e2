#!/bin/bash
set -e
sed -i -e '/^\[server\]/,/^\[/ { s/^port = .*/port = 8080\ntimeout = 30/ }' \
  -e '/^\[logging\]/,/^\[/ { s/^level = .*/level = info/ }' /app/server.conf
