"""How often Python's garbage collector runs."""

import gc

LOADING_OBJECTS = 1_000_000
"""More objects than any command makes while it loads (`hub serve`: 270,000), so none of them is walked through."""
NEW_OBJECTS = 10_000
"""Allocations minus deallocations that start a collection. Going through that many objects takes 0.2 ms."""


def defer_collection() -> None:
    """Run no garbage collection while a command loads: what it imports and builds lives until the command ends.

    With Python's default, collecting took a sixth of the processor time in which `hub serve` loads. A command that runs for long calls
    `collect_rarely` once it has loaded; in the others a collection every million objects limits what unreachable cycles can hold.
    """
    gc.set_threshold(LOADING_OBJECTS, *gc.get_threshold()[1:])


def collect_rarely() -> None:
    """Exempt all objects made so far from garbage collection, and collect seldom from now on: a plain read leaves nothing to collect.

    Garbage among those objects stays. Of what `hub serve` loads, that is one object in a hundred, and finding it would take as long as
    the collections that were deferred; whoever has done other work before calls `gc.collect` first.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
