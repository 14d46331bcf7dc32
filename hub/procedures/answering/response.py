"""Walking the answer of a document: from the subject along paths to values, with what each value rests on. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.link.normalise.text import accented_key
from hub.procedures.answering.statuses import AnswerStatus, Finding, Reason
from hub.procedures.answers import LosingValue, LossKind
from hub.procedures.declaration.documents import HAS_NEXT, NODES, PAGE_INFO, SelectedField

Json = Any
CONFIRMED, PROBABLE, UNLINKED = "CONFIRMED", "PROBABLE", "UNLINKED"
WEAKNESS = (CONFIRMED, PROBABLE, "UNCONFIRMED", UNLINKED)
"""Statuses of links, the surest first."""
NAMED_OTHERWISE = Finding(AnswerStatus.CONTRADICTORY, Reason.NAMED_OTHERWISE)
TRUNCATED = Finding(AnswerStatus.UNAVAILABLE, Reason.TRUNCATED)
DISCREPANCIES = "discrepancies"


@dataclass(frozen=True)
class RecordPlace:
    """The record that a value stands in. None of it is known where the document does not select it."""

    id: str | None = None
    source: str | None = None
    as_of: datetime | None = None


NO_RECORD = RecordPlace()


class ReachedValue(NamedTuple):
    """A value of the answer: what it is, the record it stands in, the links and the findings that it rests on.

    `person` is the name of the person who this is, or whose list it is, as the register has it. `ahead` is what one step leads to, by
    response key, if there are any steps: the requirements of a form go the same way again and again.
    """

    value: Json
    node: SelectedField
    record: RecordPlace = NO_RECORD
    links: frozenset[str] = frozenset()
    findings: frozenset[Finding] = frozenset()
    losing: tuple[LosingValue, ...] = ()
    person: str | None = None
    ahead: "dict[str, tuple[ReachedValue | Absence, ...]] | None" = None

    @property
    def link_status(self) -> str | None:
        """The weakest of its links; None if there are none."""
        return max(self.links, key=WEAKNESS.index, default=None)


@dataclass(frozen=True)
class Absence:
    """A path that ends early: at an empty list, at a null, or at a link that leads nowhere.

    `entity` is the entity searched if no record of it was found; None if the record at `place` is there, and empty.
    """

    place: ReachedValue
    entity: str | None
    findings: frozenset[Finding] = frozenset()
    is_unlinked: bool = False
    """The record names a subject, and no candidate was found."""


PathEnd = ReachedValue | Absence


def start_walk(data: Mapping[str, Json], root: SelectedField) -> ReachedValue:
    """The answer of a document as a place."""
    return ReachedValue(data, root, ahead={})


def walk_path(place: ReachedValue, path: str) -> Sequence[PathEnd]:
    """What a path reaches: lists fan out. A list that a page cut gives its rows, with a finding on each, and on itself if it is empty."""
    ends: Sequence[PathEnd] = (place,)
    for key in _split(path):
        if len(ends) == 1:
            ends = _look_ahead(ends[0], key)
        else:
            ends = [beyond for end in ends for beyond in _look_ahead(end, key)]
    return ends


@lru_cache(5_000)
def _split(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _look_ahead(place: PathEnd, key: str) -> "tuple[PathEnd, ...]":
    """What one step from a place leads to. From an absence it leads no further."""
    if isinstance(place, Absence):
        return (place,)
    if place.ahead is None:
        return (Absence(place, None),)
    found = place.ahead.get(key)
    if found is None:
        found = place.ahead[key] = tuple(_take_step(place, key))
    return found


def _take_step(place: ReachedValue, key: str) -> Iterator[PathEnd]:
    node = place.node.beneath.get(key)
    if node is None or not isinstance(place.value, dict):
        # A union's other kind, which does not have the field.
        yield Absence(place, None)
        return
    value = place.value.get(key)
    if value is None:
        yield _end(place, node)
    elif isinstance(value, list):
        yield from _rows(place, node, value)
    else:
        yield _step(place, node, value)


def _rows(place: ReachedValue, node: SelectedField, rows: list[Json]) -> Iterator[PathEnd]:
    cut = frozenset({TRUNCATED}) if node.name == NODES and _is_cut(place) else frozenset()
    if not rows:
        yield Absence(place, node.type_name, cut)
    above = place._replace(findings=place.findings | cut) if cut else place
    for row in rows:
        yield _step(above, node, row)


def _is_cut(connection: ReachedValue) -> bool:
    """Whether a list has more than the answer, or does not say that it has not."""
    page = connection.node.named(PAGE_INFO)
    further = page.named(HAS_NEXT) if page is not None else None
    if page is None or further is None:
        return True
    return (connection.value.get(page.key) or {}).get(further.key) is not False


def _step(place: ReachedValue, node: SelectedField, value: Json) -> ReachedValue:
    """The place of a value one field further."""
    if not isinstance(value, dict):
        losing = place.losing
        if place.node.named(DISCREPANCIES) is not None:
            losing = (*losing, *list_discrepancies(place, node.name))
        return ReachedValue(value, node, place.record, place.links, place.findings, losing, place.person)
    links, findings, losing = place.links, place.findings, place.losing
    record = _record(value, node) or place.record
    for link, named in _links(place, node, value):
        links |= {str((link or {}).get("status") or UNLINKED)}
        recorded = ((link or {}).get("recorded") or {}).get("name")
        if recorded and named and not is_same_text(str(recorded), named):
            findings |= {NAMED_OTHERWISE}
            losing = (*losing, _recorded_name(str(recorded), record, place.record, node))
    person = place.person if node.named(NODES) is not None else _registered_name(value, node)
    return ReachedValue(value, node, record, links, findings, losing, person, {})


def _links(place: ReachedValue, node: SelectedField, value: Json) -> Iterator[tuple[Json, str | None]]:
    """The links that a step rests on, each with the name that the register has of whoever it leads to."""
    if node.needs_link is not None:
        yield (place.value.get(node.link) if node.link else None), _registered_name(value, node)
    if node.needs_back is not None:
        yield (value.get(node.back) if node.back else None), place.person


def _registered_name(value: Json, node: SelectedField) -> str | None:
    named = node.person_name
    found = value.get(named.key) if named is not None and isinstance(value, dict) else None
    return None if found is None else str(found)


def _recorded_name(text: str, record: RecordPlace, holder: RecordPlace, node: SelectedField) -> LosingValue:
    # Over a link from a record to its subject, the record is the one on this side of the link.
    where = holder if node.needs_link is not None else record
    link = node.needs_link or node.needs_back
    return LosingValue(text, LossKind.RECORDED_NAME, where.id, f"{link}.recorded.name", where.source, where.as_of)


def _end(place: ReachedValue, node: SelectedField) -> Absence:
    """The end of a path at a null."""
    if node.needs_link is not None:
        status = str(((place.value.get(node.link) if node.link else None) or {}).get("status") or UNLINKED)
        ended = place._replace(node=node, links=place.links | {status})
        return Absence(ended, None, is_unlinked=status == UNLINKED)
    if not node.beneath:
        return Absence(place._replace(value=None, node=node, ahead=None), None)
    is_root = place.node.owner == ""
    return Absence(place, node.type_name if is_root else None)


def _record(value: Mapping[str, Json], node: SelectedField) -> RecordPlace | None:
    """The record that an object is, if the document selects its provenance."""
    keys = node.record_keys
    if keys is None:
        return None
    origin = value.get(keys.provenance) or {}
    return RecordPlace(value.get(keys.own), origin.get(keys.source), parse_instant(origin.get(keys.as_of)))


@lru_cache(1_000)
def parse_instant(text: str | None) -> datetime | None:
    """An instant of the graph. A page has the same few, again and again."""
    return None if text is None else datetime.fromisoformat(text)


def is_same_text(left: str, right: str) -> bool:
    """Whether two texts are the same but for case, spaces, and where a tone mark stands."""
    return left == right or accented_key(left) == accented_key(right)


def list_discrepancies(place: ReachedValue, field: str) -> Iterator[LosingValue]:
    """The copies that differ from a field of the record at a place, if the document selects its discrepancies."""
    node = place.node.named(DISCREPANCIES)
    rows = node.named(NODES) if node is not None else None
    if node is None or rows is None or not isinstance(place.value, dict):
        return
    for row in (place.value.get(node.key) or {}).get(rows.key) or ():
        by_name = {one.name: row.get(key) for key, one in rows.beneath.items()}
        if by_name.get("field") == field:
            where = {one.name: (row.get(one.key) or {}) for one in rows.beneath.values()}.get("recordedIn") or {}
            yield LosingValue(
                str(by_name.get("recorded")),
                LossKind.DISCREPANCY,
                where.get("recordId"),
                str(where.get("field") or field),
                by_name.get("source"),
                None,
            )
