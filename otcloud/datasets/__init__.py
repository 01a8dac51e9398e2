"""Datasets: what goes into a run and what is made of its trials."""
