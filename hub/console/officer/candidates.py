"""People whom a search has found, as a page shows them: told apart by what differs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.officer.search_kinds import SearchKind, show_day
from schema import units
from schema.codes import Sex
from schema.core import Label

LAST_DIGITS = 4
COMPARED = ("full_name", "birth_date", "commune", "last_digits", "sex_vi")


@dataclass(frozen=True)
class PersonFlag:
    """Something to know before a dossier is opened. `kind` is deceased, merged or disputed."""

    kind: str
    text: Label


@dataclass(frozen=True)
class Person:
    """One person. `personal_id` is what a dossier names them by; pages show its last digits where several people stand."""

    personal_id: str
    full_name: str
    birth_date: str
    sex: Label | None
    commune: str
    flags: tuple[PersonFlag, ...]

    @property
    def last_digits(self) -> str:
        """The end of the identifier: `…3727`."""
        return f"…{self.personal_id[-LAST_DIGITS:]}"

    @property
    def sex_vi(self) -> str:
        """The word for the sex; empty if it is not known."""
        return self.sex.vi if self.sex else ""

    @property
    def is_deceased(self) -> bool:
        """Whether the register has a day of death."""
        return any(flag.kind == "deceased" for flag in self.flags)


@dataclass(frozen=True)
class Found:
    """What a search found. `has_more`: there are more people than are shown. `differing`: the columns that tell them apart."""

    people: tuple[Person, ...]
    has_more: bool
    differing: frozenset[str]


def read_found(kind: SearchKind, variables: Mapping[str, str], data: Mapping[str, Any]) -> Found:
    """The people in the answer of an operation of the purpose `identify`."""
    if kind is SearchKind.PERSONAL_ID:
        node = data["citizen"]
        return Found((_read_person(node, variables["personalId"]),) if node else (), False, frozenset())
    page = data["citizens"]
    people = tuple(_read_person(node) for node in page["nodes"])
    return Found(people, page["pageInfo"]["hasNextPage"], find_differing(people))


def find_differing(people: Sequence[Person]) -> frozenset[str]:
    """The columns whose values are not all the same."""
    return frozenset(name for name in COMPARED if len({getattr(person, name) for person in people}) > 1)


def _read_person(node: Mapping[str, Any], asked: str | None = None) -> Person:
    code = node["residenceUnitCode"]
    return Person(
        personal_id=node["personalId"],
        full_name=node["fullName"],
        birth_date=show_day(node["birthDate"]) if node["birthDate"] else "",
        sex=Sex.codes.get(node["sex"] or ""),
        commune=(units.find_name(code) or code) if code else "",
        flags=tuple(_find_flags(node, asked)),
    )


def _find_flags(node: Mapping[str, Any], asked: str | None) -> list[PersonFlag]:
    flags = []
    if node["deathDate"]:
        died = show_day(node["deathDate"])
        flags.append(PersonFlag("deceased", Label(f"Đã mất ngày {died}", f"Deceased, {died}")))
    if asked is not None and asked != node["personalId"]:
        text = Label(
            "Số bạn gõ đã được hợp nhất vào người này", "The number you typed has been merged into this person"
        )
        flags.append(PersonFlag("merged", text))
    disputed = node.get("corrections", {}).get("nodes", [])
    if disputed:
        states = "; ".join(dict.fromkeys(one["label"]["vi"] for one in disputed))
        states_en = "; ".join(dict.fromkeys(one["label"]["en"] for one in disputed))
        text = Label(f"Đang yêu cầu chỉnh sửa dữ liệu: {states}", f"A correction is under way: {states_en}")
        flags.append(PersonFlag("disputed", text))
    return flags
