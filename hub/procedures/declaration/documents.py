"""The documents of a procedure with their types: what each selected field is, and which link says how sure it is.

A document belongs to one role: it has one variable, which is named like the role, and is run once for each subject in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from hub.access.purpose_declaration import PurposeDeclaration
from hub.access.purposes import Purpose, PurposeDocument
from hub.errors import HubMisconfigured
from hub.model.registry import Backlink, Column, Entity, Linked, Registry, load_registry
from hub.plan.permission.compile import fragments_of, operations_of, parse_document
from schema.core import Label
from schema.values import CodeList, Day, PartialDate, PersonName, Storage

GLOBAL_ID = "id"
PROVENANCE = "provenance"
SOURCE, AS_OF = "source", "asOf"
NODES, PAGE_INFO, HAS_NEXT = "nodes", "pageInfo", "hasNextPage"
NUMBERS = frozenset({Storage.INTEGER, Storage.BIGINT, Storage.NUMERIC})


class LeafKind(Enum):
    """What kind of answer a leaf gives."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CODE = "code"


class RecordKeys(NamedTuple):
    """Response keys of a record's global id and provenance and, within that, of source and instant; empty if they are not selected."""

    provenance: str
    own: str
    source: str
    as_of: str


@dataclass(frozen=True)
class SelectedField:
    """A field that a document selects, by response key.

    `owner` is the type that it stands on, `type_name` its own. `link` is the response key beside it of the link that says how sure it is;
    `back`, of a list, that of the link within each row that says whether the row belongs there.
    """

    key: str
    name: str
    owner: str
    type_name: str
    is_list: bool
    line: int
    beneath: Mapping[str, "SelectedField"] = field(default_factory=dict, hash=False)
    kind: LeafKind = LeafKind.TEXT
    unit: str | None = None
    codes: Mapping[str, Label] = field(default_factory=dict, hash=False)
    link: str | None = None
    back: str | None = None
    needs_link: str | None = None
    """Name of the link's field, whether or not the document selects it."""
    needs_back: str | None = None

    def find(self, path: str) -> "SelectedField | None":
        """The field at the end of a path beneath this one."""
        found: SelectedField | None = self
        for key in path.split("."):
            found = found.beneath.get(key) if found is not None else None
        return found

    def named(self, name: str) -> "SelectedField | None":
        """The first field beneath that has this name in the schema, whatever its response key."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> "Mapping[str, SelectedField]":
        return {
            one.name: one for one in reversed(tuple(self.beneath.values()))
        }  # of a name the first comes last, and stays

    @cached_property
    def person_name(self) -> "SelectedField | None":
        """The field beneath that is the person's name in the register, if it is selected."""
        known = load_registry().entities
        for one in self.beneath.values():
            column = _column(known.get(one.owner), one.name)
            if column is not None and issubclass(column.value, PersonName):
                return one
        return None

    @cached_property
    def record_keys(self) -> "RecordKeys | None":
        """Where an object says which record it is; None if its provenance is not selected."""
        provenance, own = self.named(PROVENANCE), self.named(GLOBAL_ID)
        if provenance is None:
            return None
        source, as_of = provenance.named(SOURCE), provenance.named(AS_OF)
        return RecordKeys(
            provenance.key, own.key if own else "", source.key if source else "", as_of.key if as_of else ""
        )

    def walk(self, above: str = "") -> "Iterator[tuple[str, SelectedField]]":
        """Every field beneath, with its path."""
        for key, one in self.beneath.items():
            path = f"{above}.{key}" if above else key
            yield path, one
            yield from one.walk(path)


@dataclass(frozen=True)
class ProcedureDocument:
    """One document: the role whose subjects it reads, and the key that its variable takes.

    `key` is a field of the role's entity, or `id` for a global id.
    """

    name: str
    path: str
    text: str
    role: str
    variable: str
    key: str
    root: SelectedField


def compile_documents(purpose: Purpose, schema: GraphQLSchema) -> Mapping[str, ProcedureDocument]:
    """The documents by name. Raises HubMisconfigured naming file and line."""
    return {document.name: _compile(purpose.declaration, document, schema) for document in purpose.documents}


def _compile(declared: PurposeDeclaration, document: PurposeDocument, schema: GraphQLSchema) -> ProcedureDocument:
    parsed = parse_document(document, schema)
    operations = operations_of(parsed)
    if len(operations) != 1:
        raise HubMisconfigured(
            f"{document.path}:{_line(operations[-1]) if operations else 1}: has {len(operations)} operations",
            next_step="write each operation in a file of its own",
        )
    operation = operations[0]
    role, variable, line = _find_role(declared, document, operation)
    key = _find_key(operation.selection_set, variable)
    if key is None:
        raise HubMisconfigured(
            f"{document.path}:{line}: ${variable} identifies no root field",
            next_step=f"begin as citizen(by: {{ personalId: ${variable} }}), or node(id: ${variable})",
        )
    root_type = schema.query_type
    assert root_type is not None  # every schema has one
    tree = _Tree(schema, fragments_of(parsed), load_registry())
    root = SelectedField("", "", "", root_type.name, False, 1, tree.beneath(root_type.name, (operation.selection_set,)))
    return ProcedureDocument(document.name, str(document.path), document.text, role, variable, key, root)


def _find_role(
    declared: PurposeDeclaration, document: PurposeDocument, operation: OperationDefinitionNode
) -> tuple[str, str, int]:
    """The role that the document is bound to, by which variable, and on which line."""
    definitions = operation.variable_definitions or ()
    bound = [
        (rule.subject, d.variable.name.value, _line(d))
        for d in definitions
        if (rule := declared.variables.get(d.variable.name.value)) is not None and rule.subject is not None
    ]
    if len(bound) != 1 or len(definitions) != 1:
        roles = ", ".join(f"${role}" for role in declared.subjects)
        raise HubMisconfigured(
            f"{document.path}:{_line(operation)}: must have exactly one variable, named like a role",
            next_step=f"declare one of {roles}: a document reads one subject",
        )
    role, variable, line = bound[0]
    return str(role), variable, line


def _find_key(selections: SelectionSetNode, variable: str) -> str | None:
    """The name of the argument, or of the field of an argument, that the variable is given to."""
    for node in selections.selections:
        if isinstance(node, FieldNode):
            for argument in node.arguments or ():
                found = _key_of(argument.name.value, argument.value, variable)
                if found is not None:
                    return found
    return None


def _key_of(name: str, value: ValueNode, variable: str) -> str | None:
    if isinstance(value, VariableNode):
        return name if value.name.value == variable else None
    if isinstance(value, ObjectValueNode):
        return next((f for one in value.fields if (f := _key_of(one.name.value, one.value, variable))), None)
    return None


@dataclass(frozen=True)
class _Tree:
    """Makes the tree of selected fields."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    known: Registry

    def beneath(self, type_name: str, sets: Sequence[SelectionSetNode]) -> dict[str, SelectedField]:
        """The fields of selection sets on a type, fragments put in."""
        nodes: dict[str, tuple[str, list[FieldNode]]] = {}
        for selections in sets:
            self._gather(type_name, selections, nodes)
        made = {key: self._field(owner, same) for key, (owner, same) in nodes.items() if not _is_meta(same[0])}
        return {key: _with_link(one, made, self.known) for key, one in made.items()}

    def _gather(self, owner: str, selections: SelectionSetNode, nodes: dict[str, tuple[str, list[FieldNode]]]) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                nodes.setdefault(key, (owner, []))[1].append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else owner
                self._gather(self._narrow(owner, condition), node.selection_set, nodes)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                narrowed = self._narrow(owner, fragment.type_condition.name.value)
                self._gather(narrowed, fragment.selection_set, nodes)

    def _narrow(self, owner: str, condition: str) -> str:
        """The type of an object within a fragment: a fragment on an interface says no more than is known."""
        return condition if isinstance(self.schema.get_type(condition), GraphQLObjectType) else owner

    def _field(self, owner: str, nodes: Sequence[FieldNode]) -> SelectedField:
        node = nodes[0]
        kind: Any = self.schema.get_type(owner)
        definition = kind.fields[node.name.value]
        named = get_named_type(definition.type)
        sets = [one.selection_set for one in nodes if one.selection_set]
        column = _column(self.known.entities.get(owner), node.name.value)
        return SelectedField(
            key=node.alias.value if node.alias else node.name.value,
            name=node.name.value,
            owner=owner,
            type_name=named.name,
            is_list=is_list_type(get_nullable_type(definition.type)),
            line=_line(node),
            beneath=self._beneath_of(owner, node.name.value, named.name, sets),
            kind=_kind(column),
            unit=column.value.unit if column else None,
            codes=_codes(column),
        )

    def _beneath_of(
        self, owner: str, name: str, type_name: str, sets: Sequence[SelectionSetNode]
    ) -> dict[str, SelectedField]:
        """The fields beneath one; for a list of records, each row's link back to the owner of the list is noted."""
        made = self.beneath(type_name, sets)
        back = _back_link(self.known.entities.get(owner), name, self.known)
        rows = made.get(NODES)
        if back is None or rows is None:
            return made
        link = rows.named(back)
        return {**made, NODES: replace(rows, back=link.key if link else None, needs_back=back)}


def _with_link(one: SelectedField, beside: Mapping[str, SelectedField], known: Registry) -> SelectedField:
    """The field with the link that it rests on, if it is a linked subject."""
    entity = known.entities.get(one.owner)
    linked = next((each for each in (entity.linked if entity else ()) if each.graphql == one.name), None)
    if linked is None:
        return one
    link = next((each for each in beside.values() if each.name == linked.link_graphql), None)
    return replace(one, link=link.key if link else None, needs_link=linked.link_graphql)


def _back_link(entity: Entity | None, name: str, known: Registry) -> str | None:
    """Of a list of records that are linked to `entity`: the name of the link's field on each."""
    backlink: Backlink | None = next((b for b in (entity.backlinks if entity else ()) if b.graphql == name), None)
    end = known.end(backlink) if backlink is not None else None
    return end.link_graphql if isinstance(end, Linked) else None


def _column(entity: Entity | None, name: str) -> Column | None:
    return next((c for c in (entity.columns if entity else ()) if c.graphql == name), None)


def _kind(column: Column | None) -> LeafKind:
    if column is None:
        return LeafKind.TEXT
    value = column.value
    if issubclass(value, CodeList):
        return LeafKind.CODE
    if issubclass(value, Day | PartialDate):
        return LeafKind.DATE
    if value.storage in NUMBERS:
        is_currency = value.unit is not None and len(value.unit) == 3 and value.unit.isupper()
        return LeafKind.MONEY if is_currency else LeafKind.NUMBER
    return LeafKind.TEXT


def _codes(column: Column | None) -> Mapping[str, Label]:
    return column.value.codes if column is not None and issubclass(column.value, CodeList) else {}


def _is_meta(node: FieldNode) -> bool:
    return node.name.value.startswith("__")


def _line(node: Any) -> int:
    return int(node.loc.start_token.line) if node.loc else 1
