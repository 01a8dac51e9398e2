"""Recipes: what the user wants, as data. The schema is pure; load.py reads files and reports every problem at once."""
