"""Likeness: what rules leave open is weighed, people by the model and organisations by declared evidence."""
