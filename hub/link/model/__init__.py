"""Probabilistic linking: what a model is told (`spec`), learns (`train`), keeps (`frozen`), says of pairs (`score`), and what
follows from it (`decide`). Frames in, frames out: nothing here talks to the store.
"""
