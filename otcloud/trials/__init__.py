"""Trials as data: reading Harbor's folders, classifying failures, aggregating."""
