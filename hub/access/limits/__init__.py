"""Limits of reading for each person and app: how reads are counted, shared between processes, and refused."""
