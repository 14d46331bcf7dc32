"""The province as a whole: drawn from a seed, with the faults of real data, written as files."""
