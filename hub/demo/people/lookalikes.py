"""People who are easily taken for another: registered twice, numbers that differ in one digit, homonyms. Arrays by person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.demo.people.identifiers import Bools, Ints

NO_GROUP = -1
REGISTERED_TWICE = 1 / 2_000
AT_LEAST_TWICE = 3
"""In the first block, so that the smallest province has every form of a second registration."""
SECOND_PROVINCES = np.asarray([26, 27, 37])
"""Where second identifiers are from: no first one is, nor that of anybody from outside, so no two are alike."""
SERIAL = 1_000_000
"""Personal identifiers end in six digits that follow no rule."""


def draw_second_identifiers(
    rng: np.random.Generator, personal: Ints, scattered: Ints, free: Bools, *, first: bool
) -> Ints:
    """Another personal identifier for some of the `free`: same century, sex and year, `scattered` as its last digits."""
    able = np.flatnonzero(free)
    wanted = min(max(int(rng.binomial(len(personal), REGISTERED_TWICE)), AT_LEAST_TWICE if first else 0), len(able))
    twice = np.sort(rng.choice(able, wanted, replace=False))
    province = SECOND_PROVINCES[rng.integers(0, len(SECOND_PROVINCES), wanted)]
    second = np.full(len(personal), NO_GROUP, dtype=np.int64)
    second[twice] = province * 1_000 * SERIAL + personal[twice] % (1_000 * SERIAL) // SERIAL * SERIAL + scattered[twice]
    return second


def find_near_identifiers(personal: Ints, alive: Bools) -> Ints:
    """For each person a living one whose personal identifier is the same but for one of the last six digits, or NONE."""
    near = np.full(len(personal), NO_GROUP, dtype=np.int64)
    for place in range(6):
        power = 10**place
        rest = personal - personal // power % 10 * power
        order = np.lexsort((personal, rest))
        same = np.flatnonzero(rest[order[1:]] == rest[order[:-1]])
        for one, other in ((order[same], order[same + 1]), (order[same + 1], order[same])):
            near[one[alive[other]]] = other[alive[other]]
    return near


def group_homonyms(parts: Sequence[Ints]) -> Ints:
    """The number of the group of those who agree on every part (names, birth year, commune), or NONE for who is alone in it."""
    _, group, size = np.unique(np.stack(parts, axis=1), axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    return np.where(size[group] > 1, group, NO_GROUP)
