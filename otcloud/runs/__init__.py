"""Run directories: their names, their journal, the index of all runs of this user."""
