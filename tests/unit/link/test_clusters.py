"""Clusters of confirmed pairs, held against a walk of the graph."""

from hypothesis import given
from hypothesis import strategies as st

from hub.link.decisions.clusters import find_heirs

PAIRS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda pair: pair[0] != pair[1]), max_size=20)


def reached(pairs: list[tuple[int, int]], start: int) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        row = waiting.pop()
        for pair in pairs:
            for other in pair if row in pair else ():
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return seen


@given(PAIRS, st.sets(st.integers(1, 12)))
def test_an_heir_is_the_oldest_row_left_that_can_be_reached(pairs: list[tuple[int, int]], gone: set[int]) -> None:
    rows = {row for pair in pairs for row in pair}
    expected = {row: min(reached(pairs, row) - gone, default=row) for row in rows}
    found = find_heirs(pairs, gone)
    assert found == {row: heir for row, heir in expected.items() if row != heir}
    assert not set(found.values()) & ({*found} | gone)


@given(PAIRS)
def test_the_order_of_pairs_is_nothing(pairs: list[tuple[int, int]]) -> None:
    assert find_heirs(reversed([(b, a) for a, b in pairs])) == find_heirs(pairs)
