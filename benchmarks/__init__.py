"""Speeds, as ratios of references taken in the same run: `python -m benchmarks`."""
