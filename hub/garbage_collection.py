"""How often the garbage collector of Python looks for objects that hold each other."""

import gc

NEW_OBJECTS = 10_000
"""How many more objects there are before it looks: through so many it goes in a millisecond."""


def collect_rarely() -> None:
    """Have it look seldom. What a command loads and reads lives to its end, and a request leaves nothing to it.

    At Python's own 700 objects it took a tenth of the processor time in which `hub serve` starts, and 7 % of that of a run of linking.
    """
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
