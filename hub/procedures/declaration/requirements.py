"""The keys of a requirement and of a blocking fact in `procedure.toml`. `docs/reference/procedure.md` is made from these classes."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from hub.access.purpose_declaration import Bilingual, LegalBasis, Strict

RequirementCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
Path = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$", max_length=300)]
"""Fields of a document's answer by response key, separated by dots, e.g. `citizen.landUseRights.nodes`."""
CITIZEN = "citizen"
"""In `asked_of`: whoever stands at the counter."""


class PartyPaths(Strict):
    """Where the parts of a party are."""

    name: Path = Field(description="Its name.")
    identifier: Path | None = Field(None, description="Its identifier.")
    birth_date: Path | None = Field(None, description="Its date of birth.")


class ParcelPaths(Strict):
    """Where the parts of a parcel are."""

    number: Path = Field(description="Its parcel number, with the commune.")
    map_sheet: Path | None = Field(None, description="Number of the map sheet.")
    ordinal: Path | None = Field(None, description="Number on the sheet.")
    address: Path | None = Field(None, description="Its address.")


class AddressPaths(Strict):
    """Where the parts of an address are."""

    detail: Path | None = Field(None, description="The address within the administrative unit.")
    unit: Path = Field(description="Name of the administrative unit.")
    unit_code: Path | None = Field(None, description="Code of the administrative unit, with its date.")


class NullMeaning(Bilingual):
    """What an empty value means, as a code with its label, e.g. LONG_TERM for a right without an end."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=60)]


class RequirementCondition(Strict):
    """A test of the values of another requirement: all that are given must hold, of one value."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    requirement: RequirementCode = Field(description="The requirement whose values are tested.")
    among: tuple[str, ...] = Field(
        (), alias="in", description='The value, as code or text, is one of these: ["SEIZURE"].'
    )
    present: bool | None = Field(
        None,
        description="true: there is a value, or the list has items; false: the state holds that there is none. Not of a requirement with `null`.",
    )
    at_least: float | None = Field(None, description="The number or amount is at least this.")
    at_most: float | None = Field(None, description="The number or amount is at most this.")

    @model_validator(mode="after")
    def _check_tests(self) -> Self:
        if not self.among and self.present is None and self.at_least is None and self.at_most is None:
            raise ValueError('give a test, e.g. in = ["MARRIED"], present = true or at_least = 75')
        if self.present is False and (self.among or self.at_least is not None or self.at_most is not None):
            raise ValueError("present = false goes with no other test")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is more than at_most: no value is both")
        return self


class Derivation(Strict):
    """A value that the hub computes from other requirements. It is held only if all of them are."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    rule: Literal["age", "sum", "count", "none_other_than", "includes"] = Field(
        description="`age`: whole years from a date to today; of a year alone, as of its last day. `sum`: of amounts or numbers. `count`: of the items of a list. "
        "`none_other_than`: whether no value differs from the one of `other`. `includes`: whether one value is the one of `other`. Both compare values of one kind."
    )
    source: RequirementCode = Field(alias="from", description="The requirement that it is computed from.")
    minus: RequirementCode | None = Field(None, description="Of `sum`: the requirement whose amounts are subtracted.")
    other: RequirementCode | None = Field(
        None, description="Of `none_other_than` and `includes`: the requirement with the value that is looked for."
    )

    @model_validator(mode="after")
    def _check_inputs(self) -> Self:
        if (self.rule in ("none_other_than", "includes")) is not (self.other is not None):
            raise ValueError("none_other_than and includes need `other`, and no other rule has it")
        if self.minus is not None and self.rule != "sum":
            raise ValueError("`minus` goes with sum")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """The requirements that it is computed from."""
        return tuple(one for one in (self.source, self.minus, self.other) if one is not None)


class Requirement(Strict):
    """One thing that a procedure's form asks for (CCCEV Requirement)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: RequirementCode = Field(description="Its name within the procedure.")
    label: Bilingual = Field(description="What it is called on the form, in Vietnamese and English.")
    kind: Literal["data", "document"] = Field("data", description="Whether a value is asked for, or a paper.")
    evidence: Bilingual | None = Field(None, description="The paper that proves it (CCCEV EvidenceType).")
    holder: str | None = Field(None, description="The sector that holds it.")
    asked_of: str | None = Field(None, description='Who is asked: "citizen", or the role of a subject.')
    legal_basis: LegalBasis | None = Field(None, description="The provision that demands it.")
    document: str | None = Field(None, description="The document that reads it; can be left out if there is only one.")
    within: RequirementCode | None = Field(
        None, description="The list of whose items it is asked; paths begin at an item."
    )
    rows: Path | None = Field(
        None,
        description="The path of a list. With a value: one value for each item. Without: a list for others to be `within`.",
    )
    key: Path | None = Field(
        None,
        description="Of a list: what tells an item from the others, on the form. Required if others are `within` it.",
    )
    where: dict[Path, str | bool] = Field(
        {}, description="Of a list: keep items with this code or text; true and false mean: has a value, has none."
    )
    none: Bilingual | None = Field(
        None, description="Of a list: what it means that it is empty, after the filters of the document and `where`."
    )
    choose: bool = Field(
        False, description="Of a list: the case is about one of its items, which a person chooses by `key`."
    )
    value: tuple[Path, ...] = Field((), description="Path of the value; of several, the first that has one.")
    party: PartyPaths | None = Field(None, description="The value is a party; each part has a path.")
    parcel: ParcelPaths | None = Field(None, description="The value is a parcel; each part has a path.")
    address: AddressPaths | None = Field(None, description="The value is an address; each part has a path.")
    derived: Derivation | None = Field(None, description="The value is computed from other requirements.")
    agrees_with: tuple[Path, ...] = Field(
        (), description="Paths of values that must be the same; else CONTRADICTORY. They begin where `value` does."
    )
    null: NullMeaning | None = Field(None, description="What an empty value means.")
    max_age_days: int | None = Field(
        None, ge=0, description="How old it may be; else as the procedure says. Not inherited from a list."
    )
    probable: bool = Field(False, description="Whether a probable link suffices.")
    needs: RequirementCode | None = Field(None, description="A requirement that must be held for this to be held.")
    applies_when: tuple[RequirementCondition, ...] = Field((), description="It is asked only if all of these hold.")

    @cached_property
    def form(self) -> Literal["value", "party", "parcel", "address", "derived", "none"]:
        """What kind of value it has; `none` for a list that contains others, and for a requirement that is only asked."""
        if self.value:
            return "value"
        found = [name for name in ("party", "parcel", "address", "derived") if getattr(self, name) is not None]
        return found[0] if found else "none"  # type: ignore[return-value]  # names of the literal

    @property
    def is_group(self) -> bool:
        """Whether it is a list that others can be within."""
        return self.rows is not None and self.form == "none"

    @property
    def is_read(self) -> bool:
        """Whether a document reads it."""
        return self.rows is not None or self.form in ("value", "party", "parcel", "address")

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of its value, beginning where it begins: at the document, at an item of `within`, or at one of `rows`."""
        return (*self.value, *self._parts, *self.agrees_with)

    @property
    def _parts(self) -> tuple[str, ...]:
        of = self.party or self.parcel or self.address
        return tuple(path for path in of.model_dump().values() if path) if of else ()

    @property
    def names(self) -> Iterator[tuple[str, str]]:
        """(key, code) of the other requirements that it names."""
        if self.within:
            yield "within", self.within
        if self.needs:
            yield "needs", self.needs
        yield from (("applies_when", condition.requirement) for condition in self.applies_when)
        yield from (("derived", code) for code in (self.derived.inputs if self.derived else ()))

    @field_validator("value")
    @classmethod
    def _check_value(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not paths:
            raise ValueError('is empty: give a path, e.g. ["citizen.fullName"]')
        return paths

    @model_validator(mode="after")
    def _check_forms(self) -> Self:
        forms = [name for name in ("party", "parcel", "address", "derived") if getattr(self, name) is not None]
        if len(forms) + bool(self.value) > 1:
            raise ValueError("give one of value, party, parcel, address and derived")
        if self.derived is not None and self.rows is not None:
            raise ValueError("a derived value has no rows")
        if not self.holder and not self.asked_of and self.derived is None:
            raise ValueError('give holder, e.g. holder = "land", or asked_of = "citizen"')
        if self.is_read and not self.holder:
            raise ValueError('what a document reads has a holder, e.g. holder = "land"')
        return self

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        rows = self.rows is not None
        for name, given in (("key", self.key), ("where", self.where), ("none", self.none)):
            if given and not rows:
                raise ValueError(f"{name} goes with rows")
        if self.choose and not self.is_group:
            raise ValueError("choose goes with rows that have no value of their own")
        if self.is_group and self.key is None:
            raise ValueError('a list that others are within needs a key, e.g. key = "certificateSerial"')
        if (self.agrees_with or self.null) and not self.value:
            raise ValueError("agrees_with and null go with value")
        if not self.is_read and (self.document or (self.within and self.derived is None and self.holder)):
            raise ValueError("document and within go with a value or with rows")
        return self


class ProcedureBlock(Strict):
    """Why the procedure cannot be done, although nothing is missing."""

    code: RequirementCode = Field(description="Its name within the procedure.")
    label: Bilingual = Field(description="What an official is told.")
    when: tuple[RequirementCondition, ...] = Field(min_length=1, description="It blocks if all of these hold.")
