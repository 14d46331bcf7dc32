"""Scoring: pairs found by blocks, compared and weighed by a model on DuckDB or Spark, and what follows from the weights."""
