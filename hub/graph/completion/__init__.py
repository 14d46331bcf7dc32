"""Completion of values that are there as a whole: how a resolver's answer becomes JSON without a call for each leaf."""
