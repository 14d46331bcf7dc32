"""How often Python's garbage collector runs."""

import gc

LOADING_OBJECTS = 1_000_000
"""More objects than any command makes while it loads (`hub serve`: 270,000), so none of them is walked through."""
NEW_OBJECTS = 10_000
"""Allocations minus deallocations that start a collection. Going through that many objects takes 0.2 ms."""


def load_uncollected() -> None:
    """Keep the garbage collector off while a command loads: what it imports and builds lives to its end.

    It took a twelfth of the processor time in which `hub serve` loads. A command that goes on for long calls `collect_rarely` once it
    has loaded; for the others a collection at every million objects bounds what cycles may hold.
    """
    gc.set_threshold(LOADING_OBJECTS, *gc.get_threshold()[1:])


def collect_rarely() -> None:
    """Never walk through what is loaded, and make the collector run seldom from now on: a plain read leaves nothing to collect.

    Of what `hub serve` loads, one object in a hundred is garbage: finding it takes as long as all collections that loading went without.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
