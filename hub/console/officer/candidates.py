"""People and businesses that a search has found, as a page shows them: told apart by what differs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.officer.search_kinds import SearchKind, show_day
from schema import units
from schema.codes import BusinessStatus, LegalForm, Sex
from schema.core import Label

LAST_DIGITS = 4
BUSINESS_KINDS = frozenset({SearchKind.ENTERPRISE_CODE, SearchKind.REGISTRATION_NUMBER})
ACTIVE = "ACTIVE"
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
class FoundBusiness:
    """One business. `number` is what a dossier and another search name it by."""

    number: str
    name: str
    form: Label | None
    status: Label | None
    seat: str
    is_closed: bool


@dataclass(frozen=True)
class Found:
    """What a search found. `has_more`: there are more than are shown. `differing`: the columns that tell people apart.

    `unknown_holders` counts the certificates whose holder the hub does not know.
    """

    people: tuple[Person, ...]
    has_more: bool
    differing: frozenset[str]
    businesses: tuple[FoundBusiness, ...] = ()
    unknown_holders: int = 0

    @property
    def person(self) -> Person | None:
        """The one person that was found, if nobody else was."""
        is_one = len(self.people) == 1 and not self.businesses and not self.has_more
        return self.people[0] if is_one else None

    @property
    def business(self) -> FoundBusiness | None:
        """The one business that was found, if nobody else was."""
        is_one = len(self.businesses) == 1 and not self.people and not self.has_more
        return self.businesses[0] if is_one else None


def read_found(kind: SearchKind, variables: Mapping[str, str], data: Mapping[str, Any]) -> Found:
    """Whom the answer of an operation of the purpose `identify` has."""
    if kind is SearchKind.PERSONAL_ID:
        node = data["citizen"]
        return Found((_read_person(node, variables["personalId"]),) if node else (), False, frozenset())
    if kind in BUSINESS_KINDS:
        business = data["business"]
        return Found((), False, frozenset(), (_read_business(business),) if business else ())
    if kind is SearchKind.CERTIFICATE:
        return _read_holders(data["landUseRights"])
    page = data["citizens"]
    people = tuple(_read_person(node) for node in page["nodes"])
    return Found(people, page["pageInfo"]["hasNextPage"], find_differing(people))


def find_differing(people: Sequence[Person]) -> frozenset[str]:
    """The columns whose values are not all the same."""
    return frozenset(name for name in COMPARED if len({getattr(person, name) for person in people}) > 1)


def _read_holders(page: Mapping[str, Any]) -> Found:
    """Who holds the certificate: rights of one certificate may have several holders, and each is shown once."""
    holders = [node["holder"] for node in page["nodes"]]
    known = {holder["id"]: holder for holder in holders if holder}.values()
    people = tuple(_read_person(holder) for holder in known if "personalId" in holder)
    businesses = tuple(_read_business(holder) for holder in known if "registrationNumber" in holder)
    return Found(
        people, page["pageInfo"]["hasNextPage"], find_differing(people), businesses, sum(not one for one in holders)
    )


def _read_business(node: Mapping[str, Any]) -> FoundBusiness:
    code = node["seatUnitCode"]
    return FoundBusiness(
        number=node["enterpriseCode"] or node["registrationNumber"],
        name=node["legalName"],
        form=LegalForm.codes.get(node["legalForm"] or ""),
        status=BusinessStatus.codes.get(node["status"] or ""),
        seat=(units.find_name(code) or code) if code else "",
        is_closed=node["status"] != ACTIVE,
    )


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
