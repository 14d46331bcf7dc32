"""A review question as a page shows it: the record and what it may be, row by row, with differences marked. Pure.

Weights are not in the view of an open question: a person who has seen the score repeats it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.officer.search_kinds import show_day
from hub.console.places import is_same_parcel_number, show_parcel_number
from hub.console.steward.question_labels import FACT_WORDS, MARK_WORDS, ROW_WORDS, name_linked_field
from hub.console.words import show_instant
from hub.link.field import field_of_code
from hub.link.normalise.text import ascii_key
from hub.model.names import to_camel_case, to_snake_case
from hub.model.registry import Entity
from schema.codes import Sex
from schema.core import Label

Facts = Mapping[str, str]
ROWS = tuple(ROW_WORDS)
DAYS = frozenset({"birth", "death"})
ALIASES = {
    "rightStatus": "status",
    "encumbranceKind": "kind",
    "taxpayerKind": "kind",
    "taxpayerStatus": "status",
    "taxKind": "kind",
}
"""Aliases of the document, since kinds and states of several types cannot stand under one name."""
MOST_BESIDE = 4
MOST_CANDIDATES = 6
"""The best of them: a page stays under 100 kB, and nobody compares more at a glance."""
LONGEST_REASON = 300


@dataclass(frozen=True)
class ComparedCell:
    """A value of a candidate, and how it stands to the record's: a key of MARK_WORDS."""

    text: str
    mark: str

    @property
    def word(self) -> Label:
        """The mark in words: colour alone tells nothing to some."""
        return MARK_WORDS[self.mark]


@dataclass(frozen=True)
class ComparedRow:
    """One line of the question."""

    name: Label
    recorded: str
    cells: tuple[ComparedCell, ...]


@dataclass(frozen=True)
class QuestionCandidate:
    """What the record may be. `beside` are its household, land and owners; `reason` is what the screen shows, in a sentence."""

    subject_id: str
    beside: tuple[str, ...]
    same_reason: str
    different_reason: str


@dataclass(frozen=True)
class ReviewQuestion:
    """One question. `facts` are the record's own values; `source` is where they were read, None if the graph does not say."""

    field: str
    title: Label
    record_id: str
    facts: tuple[tuple[Label, str], ...]
    source: Label | None
    as_of: str
    procedures: tuple[str, ...]
    waiting: int
    rows: tuple[ComparedRow, ...]
    candidates: tuple[QuestionCandidate, ...]
    others: int
    """Candidates that are not shown until better ones are decided."""


def read_question(node: Mapping[str, Any], name_source: Callable[[str], Label]) -> ReviewQuestion:
    """The question of an item of `reviewQueue`, or of `reviewChecks`."""
    record: Mapping[str, Any] = node["record"] or {}
    given = node.get("candidates") or [{"subject": node.get("subject")}]
    found = [one["subject"] for one in given if one["subject"]]
    subjects = found[:MOST_CANDIDATES]
    left, right = read_facts(record, _find_link(node["field"])), [read_facts(subject) for subject in subjects]
    rows = compare(left, right)
    stake = node.get("stake") or {"procedures": [], "waiting": 0}
    provenance = record.get("provenance") or {}
    return ReviewQuestion(
        field=node["field"],
        title=name_linked_field(node["field"]),
        record_id=record.get("id", ""),
        facts=tuple(_list_facts(record, field_of_code(node["field"]).entity)),
        source=name_source(provenance["source"]) if provenance else None,
        as_of=show_instant(provenance.get("asOf")),
        procedures=tuple(stake["procedures"]),
        waiting=stake["waiting"],
        rows=rows,
        candidates=tuple(
            QuestionCandidate(
                subject["id"],
                tuple(list_beside(subject)),
                _describe(rows, number, ("same", "spelling")),
                _describe(rows, number, ("differs",)),
            )
            for number, subject in enumerate(subjects)
        ),
        others=len(found) - len(subjects),
    )


def read_facts(node: Mapping[str, Any], link: str = "") -> Facts:
    """What a side says, by ROW_WORDS: of a record, the party or parcel under `link` as its sector recorded it."""
    recorded = (node.get(link) or {}).get("recorded")
    if recorded is not None:
        names = {"name": "name", "birth": "birthDate", "identifier": "identifier", "tax": "taxCode", "address": "address", "parcel": "parcelNumber", "parcel_id": "parcelIdentifier"}  # fmt: skip
        found = {row: recorded.get(name) for row, name in names.items()}
    else:
        place = (node.get("residence") or node.get("commune") or node.get("seat") or {}).get("name")
        address = node.get("residenceAddress") or node.get("address") or node.get("seatAddress")
        found = {
            "name": node.get("fullName") or node.get("legalName"),
            "birth": node.get("birthDate"),
            "sex": Sex.codes[node["sex"]].vi if node.get("sex") in Sex.codes else None,
            "identifier": node.get("personalId") or node.get("registrationNumber") or node.get("headPersonalId"),
            "former": node.get("formerId") or node.get("enterpriseCode"),
            "tax": node.get("taxCode"),
            "address": join_address(address, place),
            "death": node.get("deathDate"),
            "parcel": node.get("parcelNumber"),
            "parcel_id": node.get("parcelIdentifier"),
            "household": node.get("householdCode"),
        }
    return {row: _show(row, str(text)) for row, text in found.items() if text}


def join_address(address: str | None, place: str | None) -> str | None:
    """The address, with the commune unless it says so itself."""
    if not address or not place:
        return address or place
    return address if ascii_key(place) in ascii_key(address) else f"{address}, {place}"


def compare(left: Facts, right: Sequence[Facts]) -> tuple[ComparedRow, ...]:
    """The rows that any side has, in the order of ROW_WORDS."""
    rows = []
    for row in ROWS:
        if not left.get(row) and not any(side.get(row) for side in right):
            continue
        cells = tuple(ComparedCell(side.get(row, ""), mark_of(row, left, side)) for side in right)
        rows.append(ComparedRow(ROW_WORDS[row], left.get(row, ""), cells))
    return tuple(rows)


def mark_of(row: str, left: Facts, right: Facts) -> str:
    """How a candidate's value stands to the record's. A former identifier recorded as the identifier is the same; 1980 is no other than
    14/05/1980, and not the same day either.
    """
    one, other = left.get(row, ""), right.get(row, "")
    if row == "identifier" and one and one == right.get("former"):
        return "same"
    if not one or not other:
        return "absent"
    if one == other:
        return "same"
    if row in DAYS and (one.endswith(f"/{other}") or other.endswith(f"/{one}")):
        return "year"
    if row == "parcel" and is_same_parcel_number(one, other):
        return "commune"
    return "spelling" if ascii_key(one) == ascii_key(other) else "differs"


def list_beside(subject: Mapping[str, Any]) -> list[str]:
    """Household, land and owners of a candidate: what a person at a counter would ask."""
    found: list[str] = []
    for one in _nodes(subject, "memberships"):
        household = one.get("household") or {}
        found.append(f"Hộ {household.get('householdCode', '')} {household.get('address') or ''}".strip())
    for one in _nodes(subject, "landUseRights"):
        parcel = one.get("parcel") or {}
        found.append(f"Giấy chứng nhận {one['certificateSerial']} {parcel.get('address') or ''}".strip())
    found += [
        f"Thành viên {(one.get('member') or {}).get('fullName', 'chưa rõ')}" for one in _nodes(subject, "members")
    ]
    for one in _nodes(subject, "rights"):
        holder = one.get("holder") or {}
        owner = holder.get("fullName") or holder.get("legalName") or "chưa rõ"
        found.append(f"Chủ sử dụng {owner}, giấy chứng nhận {one['certificateSerial']}")
    return found[:MOST_BESIDE]


def _find_link(code: str) -> str:
    """The field of the record that has the link: `holderLink`. A merge compares the rows themselves."""
    field = field_of_code(code)
    return "" if field.merges else f"{to_camel_case(field.name.partition('.')[2])}Link"


def _nodes(subject: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    nodes: list[Mapping[str, Any]] = (subject.get(name) or {}).get("nodes", [])
    return nodes


def _describe(rows: Sequence[ComparedRow], number: int, marks: tuple[str, ...]) -> str:
    """What decided it, as the screen shows it: `trùng: họ tên, ngày sinh`. It names rows and no value."""
    named = [row.name.vi.lower() for row in rows if row.cells[number].mark in marks]
    word = MARK_WORDS[marks[0]].vi
    return f"{word}: {', '.join(named)}"[:LONGEST_REASON] if named else f"không có mục nào {word}"


def _list_facts(record: Mapping[str, Any], entity: Entity) -> list[tuple[Label, str]]:
    columns = {column.name: column for column in entity.columns}
    found = []
    for name, value in record.items():
        if name in FACT_WORDS and value:
            column = columns.get(to_snake_case(ALIASES.get(name, name)))
            codes: Mapping[str, Label] = getattr(column.value, "codes", {}) if column else {}
            word = codes.get(str(value))
            found.append((FACT_WORDS[name], word.vi if word else _show_fact(str(value))))
    return found


def _show_fact(text: str) -> str:
    return show_day(text) if len(text) == 10 and text[4] == text[7] == "-" else text


def _show(row: str, text: str) -> str:
    if row == "parcel":
        return show_parcel_number(text)
    return show_day(text) if row in DAYS and len(text) == 10 and text[4:5] == "-" else text
