"""One operation walked along one trie: the refusals, and the conditions on its variables under which the rest is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphql import GraphQLObjectType, OperationDefinitionNode, SelectionSetNode, get_named_type

from hub.access.argument_rules import Exactly
from hub.access.permission_trie import OperationTrie, PathNode, PublicTypes
from hub.plan.building.selection import Document, Selected
from hub.plan.permission.arguments import ArgumentCondition, FieldPlace, NotAllowed, match_arguments, match_value
from hub.plan.permission.compile import find_instant, possible_types
from hub.plan.permission.public import PublicSelections

MAX_REFUSALS = 10
"""Refusals collected of one operation: the first are enough to correct it."""
AS_OF = "@asOf"
Conditions = tuple[ArgumentCondition, ...]
"""All of them must hold."""
Clause = tuple[Conditions, ...]
"""One of these alternatives must hold: the ways in which a document reaches one field."""
Active = Sequence[tuple[PathNode, Conditions]]
"""The nodes of the trie that the operation's path leads to, each with what must hold to be there."""


@dataclass(frozen=True)
class RefusedField:
    """A field that the trie does not permit; `argument` is the one that is wrong, or empty if no argument would do."""

    place: FieldPlace
    argument: str


@dataclass
class Walk:
    """Walks one operation along one trie."""

    public: PublicTypes
    trie: OperationTrie
    document: Document
    operation: OperationDefinitionNode
    clauses: dict[Clause, None] = field(default_factory=dict)
    refused: list[RefusedField] = field(default_factory=list)
    allowed: int = 0
    """Fields that the trie permits, if their conditions hold."""

    @property
    def conditional_clauses(self) -> tuple[Clause, ...]:
        """The clauses that a request can fail."""
        return tuple(clause for clause in self.clauses if () not in clause)

    def run(self) -> "Walk":
        """Fill `clauses`, `refused` and `allowed`, and return the walk."""
        public = PublicSelections(self.document, self.public)
        selections = self.document.collect(self.trie.root_type, (self.operation.selection_set,))
        # Introspection, too, begins with two underscores.
        private = [s for s in selections if not s.name.startswith("__") and not public.allows(self.trie.root_type, s)]
        if private:
            self._check_instant()
        for selected in private:
            self._field(self.trie.root_type, selected, ((self.trie.root, ()),), FieldPlace((), "", ()))
        return self

    def _check_instant(self) -> None:
        """The past is another read than the present: the document says whether it may be asked for."""
        place = FieldPlace((), AS_OF, ())
        instant = find_instant(self.document.schema, self.operation)
        if instant is None:
            if self.trie.as_of != Exactly(None):
                self._refuse(place, "instant")
            return
        try:
            conditions = tuple(match_value(self.trie.as_of, *instant, "instant", place))
        except NotAllowed as error:
            self._refuse(place, error.where)
        else:
            self.clauses[(conditions,)] = None

    def _refuse(self, place: FieldPlace, argument: str = "") -> None:
        if len(self.refused) < MAX_REFUSALS:
            self.refused.append(RefusedField(place, argument))

    def _selection(self, type_name: str, sets: Sequence[SelectionSetNode], active: Active, above: FieldPlace) -> None:
        for selected in self.document.collect(type_name, sets):
            if not selected.name.startswith("__"):
                self._field(type_name, selected, active, above)

    def _field(self, type_name: str, selected: Selected, active: Active, above: FieldPlace) -> None:
        kind = self.document.schema.get_type(type_name)
        assert isinstance(kind, GraphQLObjectType)  # collected on a concrete type
        place = FieldPlace(
            (*above.path, selected.key), f"{type_name}.{selected.name}", (*above.steps, (type_name, selected.name))
        )
        reached: dict[tuple[int, Conditions], PathNode] = {}
        wrong = ""
        for node, conditions in active:
            for rule in node.rules(type_name, selected.name):
                try:
                    more = match_arguments(rule.arguments, kind.fields[selected.name], selected.node, place)
                except NotAllowed as error:
                    wrong = wrong or error.where
                else:
                    found = tuple(dict.fromkeys((*conditions, *more)))
                    reached[id(rule.beneath), found] = rule.beneath
        if not reached:
            self._refuse(place, wrong)
            return
        self.allowed += 1
        self.clauses[tuple(dict.fromkeys(conditions for _, conditions in reached))] = None
        beneath = [(node, conditions) for (_, conditions), node in reached.items()]
        for concrete in possible_types(self.document.schema, get_named_type(kind.fields[selected.name].type)):
            self._selection(concrete, selected.beneath, beneath, place)
