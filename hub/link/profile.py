"""What linking knows of entities: the declarations of `schema.linking`, put together and checked once. Nothing else here names an entity."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from typing import Any

from hub.errors import HubMisconfigured
from schema import linking as declared
from schema.linking.companions import COMPANIONS, Companion
from schema.linking.declarations import DerivedRelation, Family, Rule, SectorLinking, Standing, SubjectLinking


@dataclass(frozen=True)
class LinkingProfile:
    """All that is declared. `families` by name, `subjects` by kind, `stated` and `companions` by linked field; `rules`, `standings`
    and `relations` in the order in which their modules are named."""

    families: Mapping[str, Family]
    rules: tuple[Rule, ...]
    subjects: Mapping[str, SubjectLinking]
    standings: tuple[Standing, ...]
    relations: tuple[DerivedRelation, ...]
    stated: Mapping[str, Mapping[str, str]]
    companions: Mapping[str, Companion]

    def rules_for(self, family: str, kinds: Iterable[str]) -> tuple[Rule, ...]:
        """The rules that can lead to one of these kinds of subject."""
        wanted = set(kinds)
        return tuple(rule for rule in self.rules if rule.family == family and rule.subject.kind in wanted)

    @property
    def linked_first(self) -> tuple[str, ...]:
        """The linked fields that others rest on."""
        return tuple(standing.field for standing in self.standings)

    @property
    def parties(self) -> tuple[str, ...]:
        """The kinds of subject that the model of parties weighs."""
        return tuple(kind for kind, subject in self.subjects.items() if subject.party)

    @property
    def organisations(self) -> tuple[str, ...]:
        """The kinds of subject that declared evidence weighs."""
        return tuple(kind for kind, subject in self.subjects.items() if subject.organisation)

    @property
    def reference(self) -> str:
        """The kind whose register the model of parties is learned against."""
        (kind,) = (kind for kind, subject in self.subjects.items() if subject.party and subject.party.reference)
        return kind

    def document(self) -> dict[str, Any]:
        """Everything that a decision rests on, as plain values."""
        return asdict(self)


@cache
def load_profile() -> LinkingProfile:
    """What the modules of `schema.linking` declare. Raises HubMisconfigured if they contradict each other."""
    return combine_declarations(import_module(name).LINKING for name in declared.MODULES)


def combine_declarations(declarations: Iterable[SectorLinking]) -> LinkingProfile:
    """The declarations of several sectors as one. Raises HubMisconfigured if they contradict each other."""
    parts = tuple(declarations)
    _refuse_twice("family", (name for part in parts for name in part.families))
    _refuse_twice("subject", (name for part in parts for name in part.subjects))
    _refuse_twice("rule", (rule.name for part in parts for rule in part.rules))
    _refuse_twice("standing", (standing.table for part in parts for standing in part.standings))
    _refuse_twice("relation", (relation.table for part in parts for relation in part.relations))
    made = LinkingProfile(
        families={name: family for part in parts for name, family in part.families.items()},
        rules=tuple(rule for part in parts for rule in part.rules),
        subjects={kind: subject for part in parts for kind, subject in part.subjects.items()},
        standings=tuple(standing for part in parts for standing in part.standings),
        relations=tuple(relation for part in parts for relation in part.relations),
        stated={name: values for part in parts for name, values in part.stated.items()},
        companions=COMPANIONS,
    )
    for rule in made.rules:
        if rule.family not in made.families or rule.subject.kind not in made.subjects:
            raise HubMisconfigured(
                f"schema.linking: the rule {rule.name} leads from {rule.family} to {rule.subject.kind}, of which nothing is declared",
                next_step="declare the family in `families` and the kind in `subjects` of a `SectorLinking`",
            )
    if sum(standing.companions for standing in made.standings) != 1:
        raise HubMisconfigured(
            "schema.linking: not exactly one standing says where subjects live",
            next_step="set `companions=True` of exactly one `Standing`",
        )
    references = [kind for kind, subject in made.subjects.items() if subject.party and subject.party.reference]
    if len(references) != 1:
        raise HubMisconfigured(
            f"schema.linking: {len(references)} registers are the reference of the model of parties",
            next_step="set `reference=True` of exactly one `PartyRegister`",
        )
    return made


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise HubMisconfigured(
                f"schema.linking declares the {what} {name} {count} times", next_step="give each a name of its own"
            )
