"""Which rows of a register are one thing, given the pairs that persons confirmed. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable


def find_heirs(pairs: Iterable[tuple[int, int]], gone: Collection[int] = ()) -> dict[int, int]:
    """Row → the oldest row of its cluster that is still in the register, for every row but these. Clusters are connected
    components; the oldest row is that of the least id, and no heir has an heir.

    A row that is `gone` joins others as before, and still leads to their heir; of a cluster that is gone, nothing leads anywhere.
    """
    above: dict[int, int] = {}

    def top(row: int) -> int:
        while row in above:
            row = above[row]
        return row

    for one, other in pairs:
        older, younger = sorted((top(one), top(other)))
        if older != younger:
            above[younger] = older
    clusters: dict[int, list[int]] = defaultdict(list)
    for row in above:
        clusters[top(row)].append(row)
    found: dict[int, int] = {}
    for oldest, others in clusters.items():
        members = sorted((oldest, *others))
        heir = next((row for row in members if row not in gone), None)
        found |= {row: heir for row in members if heir is not None and row != heir}
    return found
