"""Which rows of a register are one thing, given the pairs that persons confirmed. Pure."""

from collections.abc import Iterable


def heirs(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Row → the oldest row of its cluster, for every row but the oldest ones. Clusters are connected components; the oldest
    row is that of the least id, and no heir has an heir."""
    above: dict[int, int] = {}

    def top(row: int) -> int:
        while row in above:
            row = above[row]
        return row

    for one, other in pairs:
        older, younger = sorted((top(one), top(other)))
        if older != younger:
            above[younger] = older
    return {row: top(row) for row in above}
