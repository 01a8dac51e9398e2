"""The pure compiler: Recipe and Facts in, Plan out. No I/O, clock, randomness or environment."""
