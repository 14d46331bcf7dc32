"""Benchmarks: side by side in one run, as ratios. `make bench` runs them and writes docs/reference/benchmarks.{md,json}."""
