"""People of a breach as rows of a file: for the command, and for the graph."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from hub.ledger.log.breach import BreachedPerson
from hub.plan.binds import global_id

COLUMNS = ("personal_id", "name", "global_id", "reads", "first_read", "last_read", "data", "dossiers")


def list_cells(person: BreachedPerson) -> Sequence[Any]:
    """One row, in the order of COLUMNS."""
    read = person.read
    first, last = (instant and instant.isoformat(timespec="seconds") for instant in (read.first, read.last))
    named = (person.identifier, person.name, global_id(person.entity, person.number))
    return (*named, read.reads, first, last, "; ".join(read.categories), "; ".join(read.dossiers))


def write_people(people: Iterable[BreachedPerson], out: TextIO) -> None:
    """Write them as CSV (RFC 4180)."""
    written = csv.writer(out)
    written.writerow(COLUMNS)
    written.writerows(map(list_cells, people))
