"""How often Python's garbage collector runs."""

import gc

NEW_OBJECTS = 100_000
"""Allocations minus deallocations that start a collection, in a command: what it loads and reads lives to its end.

With Python's default of 700 the collector took a fifth of the processor time in which a command loads the graph, with 10,000 a tenth.
"""
NEW_OBJECTS_SERVING = 10_000
"""The same while requests wait: going through that many objects takes 0.2 ms."""


def collect_rarely(new_objects: int = NEW_OBJECTS) -> None:
    """Make the garbage collector run seldom: after so many new objects."""
    gc.set_threshold(new_objects, *gc.get_threshold()[1:])
