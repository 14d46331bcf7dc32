"""Typed values: what a path reached becomes an answer of the kind that the schema says. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hub.access.purpose_declaration import Bilingual
from hub.procedures.answering.response import Absence, ReachedValue, is_same_text, walk_path
from hub.procedures.answering.statuses import AnswerStatus, Finding, Reason
from hub.procedures.answers import (
    AddressAnswer,
    CodeAnswer,
    DateAnswer,
    HeldValue,
    LosingValue,
    LossKind,
    MoneyAnswer,
    NumberAnswer,
    ParcelAnswer,
    PartyAnswer,
    TextAnswer,
)
from hub.procedures.declaration.documents import LeafKind
from hub.procedures.declaration.requirements import Requirement

SOURCES_DIFFER = Finding(AnswerStatus.CONTRADICTORY, Reason.SOURCES_DIFFER)


@dataclass(frozen=True)
class FoundValue:
    """A value, and the place that it was read at."""

    value: HeldValue
    place: ReachedValue
    findings: frozenset[Finding] = frozenset()


@dataclass(frozen=True)
class ReadValues:
    """What the paths of a requirement gave, from one place."""

    found: tuple[FoundValue, ...]
    absent: tuple[Absence, ...]


def read_values(requirement: Requirement, place: ReachedValue) -> ReadValues:
    """The values of a requirement from the place where its paths begin."""
    if requirement.form == "value":
        return _read_leaves(requirement, place)
    made = _COMPOSED[requirement.form](requirement, place)
    return ReadValues((made,), ()) if isinstance(made, FoundValue) else ReadValues((), (made,))


def _read_leaves(requirement: Requirement, place: ReachedValue) -> ReadValues:
    """The leaves of the first path that gives any; what the other paths give, if it differs, has lost."""
    absent: list[Absence] = []
    found: list[ReachedValue] = []
    others: list[tuple[ReachedValue, LossKind]] = []
    for path in requirement.value:
        ends = walk_path(place, path)
        reached = [end for end in ends if isinstance(end, ReachedValue)]
        if found:
            others += [(end, LossKind.ALTERNATIVE) for end in reached]
        else:
            found = reached
            absent += [] if reached else [end for end in ends if isinstance(end, Absence)]
    if not found:
        return _read_null(requirement, absent)
    for path in requirement.agrees_with:
        others += [(end, LossKind.DIFFERS) for end in walk_path(place, path) if isinstance(end, ReachedValue)]
    return ReadValues(tuple(_make_found(end, others) for end in found), ())


def _read_null(requirement: Requirement, absent: Sequence[Absence]) -> ReadValues:
    """No value: an answer of its own if the record is there and the declaration says what its emptiness means."""
    empty = next((a for a in absent if _is_empty_leaf(a)), None)
    if requirement.null is None or empty is None:
        return ReadValues((), tuple(absent))
    place = empty.place
    meaning = requirement.null
    value = CodeAnswer(**_origin(place), code=meaning.code, label=Bilingual(vi=meaning.vi, en=meaning.en))
    return ReadValues((FoundValue(value, place, place.findings),), ())


def _is_empty_leaf(absence: Absence) -> bool:
    return absence.entity is None and not absence.place.node.beneath and absence.place.record.source is not None


def _make_found(end: ReachedValue, others: Sequence[tuple[ReachedValue, LossKind]]) -> FoundValue:
    value = _make_typed(end)
    losing = [_make_losing(other, kind) for other, kind in others if not _is_same(end, other)]
    if not losing:
        return FoundValue(value, end, end.findings)
    differs = any(loss.kind is LossKind.DIFFERS for loss in losing)
    value = replace(value, losing_values=(*value.losing_values, *losing))
    return FoundValue(value, end, end.findings | (frozenset({SOURCES_DIFFER}) if differs else frozenset()))


def _make_typed(end: ReachedValue) -> HeldValue:
    """A leaf as the answer of its kind."""
    return _TYPED[end.node.kind](end)


def _origin(place: ReachedValue) -> dict[str, Any]:
    return {
        "record_id": place.record.id,
        "field": place.node.name,
        "source": place.record.source,
        "as_of": place.record.as_of,
        "link_status": place.link_status,
        "losing_values": place.losing,
    }


def _code(end: ReachedValue) -> CodeAnswer:
    label = end.node.codes.get(str(end.value))
    words = Bilingual(vi=label.vi, en=label.en) if label else Bilingual(vi=str(end.value), en=str(end.value))
    return CodeAnswer(**_origin(end), code=str(end.value), label=words)


_TYPED: dict[LeafKind, Callable[[ReachedValue], HeldValue]] = {
    LeafKind.TEXT: lambda end: TextAnswer(**_origin(end), text=str(end.value)),
    LeafKind.NUMBER: lambda end: NumberAnswer(**_origin(end), number=Decimal(str(end.value)), unit=end.node.unit),
    LeafKind.MONEY: lambda end: MoneyAnswer(
        **_origin(end), amount=Decimal(str(end.value)), currency=str(end.node.unit)
    ),
    LeafKind.DATE: lambda end: DateAnswer(**_origin(end), date=str(end.value)),
    LeafKind.CODE: _code,
}


def _make_losing(place: ReachedValue, kind: LossKind) -> LosingValue:
    return LosingValue(
        str(place.value), kind, place.record.id, place.node.name, place.record.source, place.record.as_of
    )


def _is_same(left: ReachedValue, right: ReachedValue) -> bool:
    if {left.node.kind, right.node.kind} <= {LeafKind.NUMBER, LeafKind.MONEY}:
        return Decimal(str(left.value)) == Decimal(str(right.value))
    return is_same_text(str(left.value), str(right.value))


# --- Values of several parts ------------------------------------------------------------------------------------------


def _part(place: ReachedValue, path: str | None) -> ReachedValue | None:
    """The first value at a path; None if there is none."""
    return (
        None if path is None else next((end for end in walk_path(place, path) if isinstance(end, ReachedValue)), None)
    )


def _text(place: ReachedValue, path: str | None) -> str | None:
    found = _part(place, path)
    return None if found is None else str(found.value)


def _missing(place: ReachedValue, path: str) -> Absence:
    return next(end for end in walk_path(place, path) if isinstance(end, Absence))


def _party(requirement: Requirement, place: ReachedValue) -> FoundValue | Absence:
    paths = requirement.party
    assert paths is not None  # its form says so
    name = _part(place, paths.name)
    if name is None:
        return _missing(place, paths.name)
    value = PartyAnswer(
        **_origin(name),
        name=str(name.value),
        identifier=_text(place, paths.identifier),
        birth_date=_text(place, paths.birth_date),
    )
    return FoundValue(value, name, name.findings)


def _parcel(requirement: Requirement, place: ReachedValue) -> FoundValue | Absence:
    paths = requirement.parcel
    assert paths is not None  # its form says so
    number = _part(place, paths.number)
    if number is None:
        return _missing(place, paths.number)
    value = ParcelAnswer(
        **_origin(number),
        number=str(number.value),
        map_sheet=_text(place, paths.map_sheet),
        ordinal=_text(place, paths.ordinal),
        address=_text(place, paths.address),
    )
    return FoundValue(value, number, number.findings)


def _address(requirement: Requirement, place: ReachedValue) -> FoundValue | Absence:
    """An address; the part within the unit alone is one, too, and so is the unit alone."""
    paths = requirement.address
    assert paths is not None  # its form says so
    detail, unit = _part(place, paths.detail), _part(place, paths.unit)
    first = detail or (_referring(place, paths.unit) if unit is not None else None)
    if first is None:
        return _missing(place, paths.detail or paths.unit)
    value = AddressAnswer(
        **_origin(first),
        detail=None if detail is None else str(detail.value),
        unit=None if unit is None else str(unit.value),
        unit_code=_text(place, paths.unit_code),
    )
    return FoundValue(value, first, first.findings)


def _referring(place: ReachedValue, path: str) -> ReachedValue | None:
    """Where the reference to a unit stands: the record that has the address, not the unit's own."""
    steps = path.split(".")[:-1]
    if not steps:
        return place
    above = next(
        (p for p in (walk_path(place, ".".join(steps[:-1])) if steps[:-1] else [place]) if isinstance(p, ReachedValue)),
        None,
    )
    node = above.node.beneath.get(steps[-1]) if above is not None else None
    return None if above is None or node is None else above._replace(node=node, ahead=None)


_COMPOSED: dict[str, Callable[[Requirement, ReachedValue], FoundValue | Absence]] = {
    "party": _party,
    "parcel": _parcel,
    "address": _address,
}
