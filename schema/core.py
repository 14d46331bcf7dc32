"""The words a declaration is written in: `subject`, `record`, `key`, `field`, `reference`, `linked`, `link`.

A **subject** is a thing in the world that several sectors know; it has a stable hub id. A **record** is a fact that one
sector states about subjects. Both are plain classes whose annotated attributes are fields; the annotation is a value type
of `schema.values` (or another entity), and the marker says what the field is for:

    @record(sector="land", standard="ISO 19152 LA_RRR")
    class LandUseRight:
        "A right to use one parcel."
        certificate_serial: CertificateSerial = key("Serial printed on the certificate.")
        area: Area | None = field("Area the right covers.", filter=True)
        holder: Citizen | Household = linked(PartyAsRecorded, "Who holds the right.")

The markers hold facts and do nothing; `hub.model.registry` reads them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as _dataclass_field
from typing import Any, Literal, TypeVar

from schema.authority import AuthorityFacts

SectorName = Literal["place", "citizen", "land", "finance", "business", "insurance"]
Kind = Literal["subject", "record"]
T = TypeVar("T")


@dataclass(frozen=True)
class Label:
    """What a person reads, in the two languages of the user interface."""

    vi: str
    en: str


@dataclass(frozen=True)
class PersonFacts:
    """The facts about every natural person: the fields that say when they were born and died, and the age of majority in years."""

    born: str
    died: str
    adult_age: int


@dataclass(frozen=True)
class EntityFacts:
    """What the decorator says of an entity; kept on the class as `__entity__`."""

    kind: Kind
    sector: SectorName
    label: Label
    standard: str
    plural: str | None = None
    duplicates: bool = False
    person: PersonFacts | None = None


@dataclass(frozen=True)
class FieldFacts:
    """A value of the entity itself. `key` fields identify it: unique within the hub, and an argument of the root field."""

    description: str
    key: bool = False
    filter: bool = False
    order: bool = False
    index: bool = True
    label: Label | None = None
    deprecated: str | None = None
    authority: tuple[AuthorityFacts, ...] = ()
    search: bool = False


@dataclass(frozen=True)
class ReferenceFacts:
    """An exact reference by the key of another entity, kept as a column `<name>_<key>` and joined on equality.

    For reference data and for records of the same sector only: a reference to a subject of another sector is `linked`.
    """

    description: str
    key: str
    filter: bool = True
    column: str | None = None
    label: Label | None = None


@dataclass(frozen=True)
class LinkedFacts:
    """A subject as a sector recorded it. The recorded values stay as they were; linking finds the subject."""

    description: str
    as_recorded: type
    label: Label | None = None
    unique_within: tuple[str, ...] | None = None


@dataclass(frozen=True)
class LinkFacts:
    """The other end of a reference or a linked subject, `Entity.field`: a list, no column of its own."""

    target: str
    description: str
    label: Label | None = None


@dataclass(frozen=True)
class AsRecordedFacts:
    """Marks a class whose fields are the columns kept of a subject as recorded."""

    label: Label
    fields: tuple[str, ...] = _dataclass_field(default=())


def subject(
    *,
    sector: SectorName,
    label: Label,
    standard: str,
    plural: str | None = None,
    duplicates: bool = False,
    person: PersonFacts | None = None,
) -> Callable[[type[T]], type[T]]:
    """Declare a subject. `standard` names the term it takes from a published vocabulary; `plural` where adding s is wrong.

    `duplicates` says that the register may hold one such thing twice: linking then proposes merges, which a person decides. Such
    a subject is referred to by linked fields only, never by exact reference.

    `person` says that it is a natural person. Every answer names the people whose data it holds, for the ledger of access.
    """
    return _entity(EntityFacts("subject", sector, label, standard, plural, duplicates, person))


def record(
    *, sector: SectorName, label: Label, standard: str, plural: str | None = None
) -> Callable[[type[T]], type[T]]:
    """Declare a record of one sector."""
    return _entity(EntityFacts("record", sector, label, standard, plural))


def as_recorded(*, label: Label) -> Callable[[type[T]], type[T]]:
    """Declare the columns in which a sector writes down a subject that it does not own."""

    def mark(cls: type[T]) -> type[T]:
        cls.__as_recorded__ = AsRecordedFacts(label, tuple(cls.__annotations__))  # type: ignore[attr-defined]  # marker
        return cls

    return mark


def key(description: str, *, label: Label | None = None, search: bool = False) -> Any:
    """A field that identifies the entity: indexed, unique, and an argument of its root field. `search` as for a field."""
    return FieldFacts(description, key=True, filter=True, order=True, label=label, search=search)


def field(
    description: str,
    *,
    filter: bool = False,
    order: bool = False,
    index: bool = True,
    label: Label | None = None,
    deprecated: str | None = None,
    authority: tuple[AuthorityFacts, ...] = (),
    search: bool = False,
) -> Any:
    """A value. `filter` and `order` add inputs, and an index unless `index` says that it would not pay; `deprecated` gives the reason and what to use instead.

    `search` lets `search(text:)` find the entity by it: by words where the value is a name, whole where it is a number or a day.
    A value that is a copy of another register's names that register's field in `authority` (see `schema.authority`).
    `label` is what people read of it everywhere: in pages, on the command line, beside the description in the graph.
    """
    return FieldFacts(
        description,
        filter=filter,
        order=order,
        index=index,
        label=label,
        deprecated=deprecated,
        authority=authority,
        search=search,
    )


def reference(key: str, description: str, *, label: Label | None = None, column: str | None = None) -> Any:
    """An exact reference to another entity by its `key` field; the column is `<name>_<key>` unless `column` names it."""
    return ReferenceFacts(description, key, column=column, label=label)


def linked(
    as_recorded: type, description: str, *, label: Label | None = None, unique_within: tuple[str, ...] | None = None
) -> Any:
    """A subject of any sector, kept as recorded and found by linking.

    `unique_within` says that of the records that agree on these columns no two are the same subject (one-to-one; an empty tuple
    is the whole entity). Where likeness alone makes two of them one subject, neither is joined: a person decides. Identifiers are
    not outvoted by it.
    """
    return LinkedFacts(description, as_recorded, label, unique_within)


def link(target: str, description: str, *, label: Label | None = None) -> Any:
    """The many end of `Entity.field`."""
    return LinkFacts(target, description, label)


def _entity(facts: EntityFacts) -> Callable[[type[T]], type[T]]:
    def mark(cls: type[T]) -> type[T]:
        cls.__entity__ = facts  # type: ignore[attr-defined]  # the marker is read by hub.model.registry
        return cls

    return mark
