"""The registry: every entity of `schema/` as frozen values, resolved and checked once.

`registry()` reads the declarations; everything derived (tables, frames, checks, GraphQL types, plans, pages) starts from
what it returns and never looks at the classes again.
"""

import importlib
import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Union, get_args, get_origin, get_type_hints

import schema
from hub.errors import HubMisconfigured
from hub.model import authorities
from hub.model.labels import Labelled, join_labels
from hub.model.name_checks import check_names
from hub.model.names import qualify_column, quote_identifier, to_camel_case, to_snake_case
from schema.authority import AuthorityFacts
from schema.core import (
    AsRecordedFacts,
    EntityFacts,
    FieldFacts,
    Kind,
    Label,
    LinkedFacts,
    LinkFacts,
    PersonFacts,
    ReferenceFacts,
)
from schema.values import CodeList, Value


@dataclass(frozen=True)
class Column(Labelled):
    """One stored value. `name` is its SQL name and its name in frames; `unique` and `indexed` are what the store adds."""

    name: str
    value: type[Value]
    nullable: bool
    description: str
    unique: bool = False
    indexed: bool = False
    filter: bool = False
    order: bool = False
    deprecated: str | None = None
    authority: tuple[AuthorityFacts, ...] = ()
    search: bool = False
    declared_label: Label | None = None

    @property
    def graphql(self) -> str:
        """Name of the GraphQL field."""
        return to_camel_case(self.name)

    @property
    def sql(self) -> str:
        """Its SQL identifier, quoted."""
        return quote_identifier(self.name)

    @property
    def search_key(self) -> str | None:
        """Name of the derived column without tone marks and case, if the value is searched as a name."""
        return f"{self.name}_key" if self.value.name_search and self.filter else None


@dataclass(frozen=True)
class Reference(Labelled):
    """An exact reference: `column` equals `target_column` of `target`."""

    name: str
    column: Column
    target: str
    target_column: str
    description: str
    declared_label: Label | None = None

    @property
    def graphql(self) -> str:
        """Name of the GraphQL field."""
        return to_camel_case(self.name)


@dataclass(frozen=True)
class RecordedColumn:
    """A column of a subject as recorded; `part` is its name within the as-recorded class (`birth_date`)."""

    part: str
    column: Column


@dataclass(frozen=True)
class Linked(Labelled):
    """A subject as recorded, with the link table that says which subject it is."""

    name: str
    owner: str
    kinds: tuple[str, ...]
    as_recorded: str
    recorded: tuple[RecordedColumn, ...]
    nullable: bool
    description: str
    unique_within: tuple[str, ...] | None = None
    """Columns of the owner: of the records that agree on them no two are the same subject."""
    declared_label: Label | None = None

    @property
    def graphql(self) -> str:
        """Name of the GraphQL field of the subject; `<name>Link` is that of the link itself."""
        return to_camel_case(self.name)

    @property
    def link_graphql(self) -> str:
        """Name of the GraphQL field of the link: as recorded, method, status, candidates."""
        return f"{self.graphql}Link"

    @property
    def table(self) -> str:
        """Name of the link table, in the SQL schema `link`."""
        return f"{to_snake_case(self.owner)}_{self.name}"

    @property
    def family(self) -> str:
        """`PartyAsRecorded` → `Party`: names the link types of GraphQL, and the union if there are several kinds."""
        return self.as_recorded.removesuffix("AsRecorded")


@dataclass(frozen=True)
class Backlink(Labelled):
    """The many end of a reference or of a linked subject."""

    name: str
    target: str
    via: str
    description: str
    declared_label: Label | None = None

    @property
    def graphql(self) -> str:
        """Name of the GraphQL field."""
        return to_camel_case(self.name)


@dataclass(frozen=True)
class Entity:
    """One entity: its columns in order of declaration, and its links."""

    name: str
    kind: Kind
    sector: str
    label: Label
    standard: str
    description: str
    plural: str
    fields: tuple[Column, ...]
    references: tuple[Reference, ...]
    linked: tuple[Linked, ...]
    backlinks: tuple[Backlink, ...]
    duplicates: bool = False
    person: PersonFacts | None = None
    """For natural persons: which fields say when they were born and died."""
    module: str = ""
    """The module that declares it."""

    @property
    def duplicate_table(self) -> str:
        """Name of the link table, in the SQL schema `link`, of rows that may be the same thing as an older one."""
        return f"{self.table}_duplicate"

    @property
    def table(self) -> str:
        """Name of its table, in the SQL schemas `data`, `history` and `staging`."""
        return to_snake_case(self.name)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every declared column: own fields, reference columns, recorded columns."""
        recorded = tuple(part.column for linked in self.linked for part in linked.recorded)
        return self.fields + tuple(ref.column for ref in self.references) + recorded

    @cached_property
    def keys(self) -> tuple[Column, ...]:
        """The columns that identify it."""
        return tuple(column for column in self.fields if column.unique)

    @cached_property
    def searched(self) -> tuple[Column, ...]:
        """The columns that a search finds it by."""
        return tuple(column for column in self.fields if column.search)

    @property
    def personal(self) -> bool:
        """Whether its rows are natural persons."""
        return self.person is not None

    @cached_property
    def ends(self) -> "Mapping[str, Reference | Linked]":
        """The one ends of links, by name: what a many end may mirror."""
        found: dict[str, Reference | Linked] = {reference.name: reference for reference in self.references}
        return found | {linked.name: linked for linked in self.linked}

    def find_label(self, name: str) -> Label | None:
        """The label of a column, reference, linked field or list of this name; None if it has none."""
        return self._labels.get(name)

    @cached_property
    def _labels(self) -> Mapping[str, Label]:
        parts = (*self.backlinks, *self.linked, *self.references, *self.columns)
        return {part.name: part.label for part in parts}

    def column(self, name: str) -> Column:
        """The column of this name. Raises KeyError."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class AsRecorded:
    """An as-recorded class: what a sector writes of a subject it does not own."""

    name: str
    label: Label
    description: str
    fields: tuple[Column, ...]
    module: str = ""


@dataclass(frozen=True)
class Registry:
    """All entities by name, in order of declaration."""

    entities: Mapping[str, Entity]
    recorded: Mapping[str, AsRecorded]

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities.values())

    def __getitem__(self, name: str) -> Entity:
        return self.entities[name]

    @cached_property
    def families(self) -> Mapping[str, tuple[str, ...]]:
        """Family of link → the kinds of subject it can lead to, over all entities: Party → (Citizen, Household, Business)."""
        found: dict[str, dict[str, None]] = {}
        for entity in self:
            for linked in entity.linked:
                found.setdefault(linked.family, {}).update(dict.fromkeys(linked.kinds))
        return {family: tuple(kinds) for family, kinds in found.items()}

    @cached_property
    def copied(self) -> tuple[str, ...]:
        """The kinds of subject that other sectors keep copies of: those that a linked field can lead to."""
        found = {kind for kinds in self.families.values() for kind in kinds}
        return tuple(entity.name for entity in self if entity.name in found)

    @cached_property
    def person_keys(self) -> "tuple[tuple[Entity, Column], ...]":
        """The columns that identify people: the keys of the entities whose rows are natural persons."""
        return tuple((entity, key) for entity in self if entity.personal for key in entity.keys)

    def find_person_keys(self, column: Column) -> "tuple[tuple[Entity, Column], ...]":
        """The keys of people whose values the column states: by its type (`Household.head_personal_id`), by a type whose values it
        may have too (a tax code), or because it is declared a copy of such a key (an identifier as recorded).
        """
        return self._stated_keys[column.value, column.authority]

    @cached_property
    def _stated_keys(
        self,
    ) -> "Mapping[tuple[type[Value], tuple[AuthorityFacts, ...]], tuple[tuple[Entity, Column], ...]]":
        """By value type and authority: all that a column is judged by here. Made once, since plans are made for each request."""
        kinds = {(column.value, column.authority) for entity in self for column in entity.columns}
        return {
            (value, authority): tuple(
                (entity, key)
                for entity, key in self.person_keys
                if key.value in (value, *value.may_be)
                or any(one.field == f"{entity.name}.{key.name}" for one in authority)
            )
            for value, authority in kinds
        }

    @cached_property
    def copying(self) -> tuple[str, ...]:
        """The kinds of record that keep such copies."""
        return tuple(entity.name for entity in self if entity.linked)

    @cached_property
    def sectors(self) -> tuple[str, ...]:
        """The sectors, in order of declaration."""
        return tuple(dict.fromkeys(entity.sector for entity in self))

    @cached_property
    def code_lists(self) -> tuple[type[CodeList], ...]:
        """The code lists in use, by name."""
        used = {c.value for e in self for c in e.columns if issubclass(c.value, CodeList)}
        return tuple(sorted(used, key=lambda value: value.__name__))

    def end(self, link: Backlink) -> Reference | Linked:
        """The one end that a many end mirrors."""
        return self[link.target].ends[link.via]


@cache
def load_registry() -> Registry:
    """Read `schema.MODULES`. Raises HubMisconfigured if a declaration does not hold together."""
    modules = [importlib.import_module(name) for name in schema.MODULES]
    classes = {
        name: cls
        for m in modules
        for name, cls in vars(m).items()
        if inspect.isclass(cls) and "__entity__" in vars(cls)
    }
    recorded = {
        name: cls
        for m in modules
        for name, cls in vars(m).items()
        if inspect.isclass(cls) and "__as_recorded__" in vars(cls)
    }
    order = [name for m in modules for name in vars(m) if name in classes and classes[name].__module__ == m.__name__]
    built = Registry(
        {name: _Reader(classes[name], classes).entity() for name in order},
        {name: _as_recorded(cls) for name, cls in sorted(recorded.items())},
    )
    _check_links(built)
    return built


class _Reader:
    """Reads one declared class."""

    def __init__(self, cls: type, classes: Mapping[str, type]) -> None:
        self.cls = cls
        namespace = {**vars(inspect.getmodule(cls)), **classes}
        self.hints = get_type_hints(cls, globalns=namespace, localns=dict(classes))

    def entity(self) -> Entity:
        facts: EntityFacts = vars(self.cls)["__entity__"]
        name = self.cls.__name__
        marks = {field: vars(self.cls).get(field) for field in self.hints}
        return Entity(
            name=name,
            kind=facts.kind,
            sector=facts.sector,
            label=facts.label,
            standard=facts.standard,
            description=inspect.cleandoc(self.cls.__doc__ or ""),
            plural=facts.plural or f"{to_snake_case(name)}s",
            fields=tuple(self._field(n, m) for n, m in marks.items() if isinstance(m, FieldFacts)),
            references=tuple(self._reference(n, m) for n, m in marks.items() if isinstance(m, ReferenceFacts)),
            linked=tuple(self._linked(n, m) for n, m in marks.items() if isinstance(m, LinkedFacts)),
            backlinks=tuple(self._backlink(n, m) for n, m in marks.items() if isinstance(m, LinkFacts)),
            duplicates=facts.duplicates,
            person=facts.person,
            module=self.cls.__module__,
        )

    def _field(self, name: str, facts: FieldFacts) -> Column:
        return _column(name, self.hints[name], facts)

    def _reference(self, name: str, facts: ReferenceFacts) -> Reference:
        (target,), nullable = _unwrap(self.hints[name])
        (value,), _ = _unwrap(inspect.get_annotations(target)[facts.key])
        column = Column(
            facts.column or qualify_column(name, facts.key),
            value,
            nullable,
            facts.description,
            indexed=True,
            filter=facts.filter,
            declared_label=facts.label,
        )
        return Reference(name, column, target.__name__, facts.key, facts.description, facts.label)

    def _linked(self, name: str, facts: LinkedFacts) -> Linked:
        kinds, nullable = _unwrap(self.hints[name])
        parts = _as_recorded(facts.as_recorded).fields
        recorded = tuple(
            RecordedColumn(
                part.name,
                Column(
                    qualify_column(name, part.name),
                    part.value,
                    True,
                    part.description,
                    authority=part.authority,
                    declared_label=facts.label and join_labels(facts.label, part.label),
                ),
            )
            for part in parts
        )
        kind_names = tuple(kind.__name__ for kind in kinds)
        return Linked(
            name,
            self.cls.__name__,
            kind_names,
            facts.as_recorded.__name__,
            recorded,
            nullable,
            facts.description,
            facts.unique_within,
            facts.label,
        )

    def _backlink(self, name: str, facts: LinkFacts) -> Backlink:
        target, _, via = facts.target.partition(".")
        return Backlink(name, target, via, facts.description, facts.label)


def _column(name: str, hint: Any, facts: FieldFacts) -> Column:
    (value,), nullable = _unwrap(hint)
    return Column(
        name,
        value,
        nullable,
        facts.description,
        unique=facts.key,
        indexed=facts.index and (facts.filter or facts.order),
        filter=facts.filter,
        order=facts.order,
        deprecated=facts.deprecated,
        authority=facts.authority,
        search=facts.search,
        declared_label=facts.label,
    )


def _as_recorded(cls: type) -> AsRecorded:
    facts: AsRecordedFacts = vars(cls)["__as_recorded__"]
    hints = get_type_hints(cls)
    fields = tuple(_column(name, hints[name], vars(cls)[name]) for name in facts.fields)
    return AsRecorded(cls.__name__, facts.label, inspect.cleandoc(cls.__doc__ or ""), fields, cls.__module__)


def _unwrap(hint: Any) -> tuple[tuple[type, ...], bool]:
    """`A | B | None` → ((A, B), True)."""
    if get_origin(hint) in (Union, types.UnionType):
        members = tuple(arg for arg in get_args(hint) if arg is not type(None))
        return members, len(members) < len(get_args(hint))
    return (hint,), False


def _check_links(built: Registry) -> None:
    check_names(built)
    for entity in built:
        for link in entity.backlinks:
            if link.target not in built.entities or link.via not in built[link.target].ends:
                raise HubMisconfigured(
                    f"schema: {entity.name}.{link.name} mirrors {link.target}.{link.via}, which is not a reference or linked field",
                    next_step=f"declare {link.via} on {link.target}, or correct the link",
                )
        for linked in entity.linked:
            unknown = sorted(set(linked.unique_within or ()) - {column.name for column in entity.columns})
            if unknown:
                raise HubMisconfigured(
                    f"schema: {entity.name}.{linked.name} is unique within {', '.join(unknown)}, which it does not have",
                    next_step="name columns of the same entity",
                )
        for reference in entity.references:
            if built[reference.target].duplicates:
                raise HubMisconfigured(
                    f"schema: {entity.name}.{reference.name} refers to {reference.target}, which may be held twice, by its key",
                    next_step="make it a linked field, so that it can follow a merge",
                )
        for column in entity.columns:
            if not (inspect.isclass(column.value) and issubclass(column.value, Value)):
                raise HubMisconfigured(
                    f"schema: {entity.name}.{column.name} has no value type",
                    next_step="annotate it with a class of schema.values or schema.codes",
                )
            if column.search and not (column.unique or column.indexed):
                raise HubMisconfigured(
                    f"schema: {entity.name}.{column.name} is searched and has no index: every search would read every row",
                    next_step="declare it as a key, or with filter=True and without index=False",
                )
    authorities.check_authorities(built)
