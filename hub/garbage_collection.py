"""How often Python's garbage collector runs."""

import gc

NEW_OBJECTS = 10_000
"""Allocations minus deallocations that start a collection. Going through that many objects takes 0.2 ms."""


def collect_rarely() -> None:
    """Make the garbage collector run seldom. What a command loads and reads lives to its end, and a plain read leaves nothing to collect.

    With Python's default of 700 objects it took a tenth of the processor time in which `hub serve` starts, and 7 % of that of the process
    that links a few changes.
    """
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
