"""Limits of reading for each person and app: what is counted, where it is shared between processes, and what is refused."""
