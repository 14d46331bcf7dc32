"""What a purpose permits: each operation of its documents as a trie of paths, with the arguments allowed at each.

    citizen(by: {personalId: <transferor>})          FieldRule, argument `by`: ObjectOf(personalId: BoundTo("transferor"))
    ├── fullName                                     FieldRule of the type Citizen
    └── landUseRights(first: 100, filter: …)         FieldRule, argument `first`: AtMost(100)
        └── nodes
            └── area                                 permits citizen.landUseRights.nodes.area, and no other way to an area

Rules are kept by concrete type: a selection on an interface or union is a rule for each type that it can be. All shapes are
frozen and hashable, so that rules with the same arguments are one rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.access.argument_rules import Allowed
from hub.access.purpose_declaration import PurposeLimits


@dataclass(frozen=True)
class PathNode:
    """The fields that may be read of an object here: concrete type → field → its rules, one for each choice of arguments."""

    fields: "Mapping[str, Mapping[str, tuple[FieldRule, ...]]]" = field(hash=False)

    def rules(self, type_name: str, name: str) -> "tuple[FieldRule, ...]":
        """The rules of a field of a concrete type; none if it must not be read."""
        return self.fields.get(type_name, {}).get(name, ())


NOTHING = PathNode({})


@dataclass(frozen=True)
class FieldRule:
    """One field with the arguments allowed, and what may be read beneath it. `arguments` has every argument of the field."""

    name: str
    arguments: tuple[tuple[str, Allowed], ...]
    beneath: PathNode = NOTHING


@dataclass(frozen=True)
class OperationTrie:
    """One operation of a document. `kind` is query, mutation or subscription; `as_of` is the instant of its @asOf."""

    document: str
    kind: str
    root_type: str
    as_of: Allowed
    root: PathNode


@dataclass(frozen=True)
class PublicTypes:
    """What needs no purpose: object types without personal data, and the input types that stay within them."""

    objects: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()


NO_TYPES = PublicTypes()


@dataclass(frozen=True)
class CompiledPurpose:
    """A purpose ready to check operations against. `version` is that of the purpose, and a key of every cache."""

    code: str
    version: str
    operations: tuple[OperationTrie, ...]
    limits: PurposeLimits
    public: PublicTypes = NO_TYPES
