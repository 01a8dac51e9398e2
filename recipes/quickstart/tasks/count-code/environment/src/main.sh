#!/bin/bash
# Starts everything.

. lib/log.sh

  # An indented comment.
start() {
	# A comment behind a tab.
  say "starting" # a comment after code
}

start
