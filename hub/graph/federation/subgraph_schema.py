"""The schema of the subgraph: what of the graph is nobody's, by the types that the purpose `public` declares, and the procedures.

It is cut out of the graph's schema by what may stay, not by what has to go: a type, field, argument or input is there only if everything it
leads to is a leaf or a public type. A sector that is added later stays outside until somebody declares it public.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    build_ast_schema,
    parse,
    print_ast,
    print_schema,
    visit,
)
from graphql.language.visitor import SKIP, Visitor, VisitorAction

from hub.access.permission_trie import PublicTypes
from hub.model.registry import Registry

SHARED_TYPES = ("PageInfo", "Label", "LegalBasis")
"""Of the graph, beside the public ones: without any data of their own. Other subgraphs may have a PageInfo too."""
LEAF_DEFINITIONS = ("scalar_type_definition", "enum_type_definition")
CATALOGUE_SDL = '''
extend type Query {
  """The procedures of this hub, by code: what each asks for, of whom, and on which law it rests."""
  procedures: [Procedure!]!
  """One procedure; null if there is none of this code."""
  procedure(code: String!): Procedure
}

"""A procedure (CPSV-AP PublicService)."""
type Procedure {
  """Its code."""
  code: String!
  """Its version."""
  version: String!
  """Its name."""
  name: Label!
  """What it is for."""
  about: Label!
  """First day on which it may be used."""
  inForceFrom: Date!
  """Last day on which it may be used; null while no end is set."""
  inForceTo: Date
  """What it rests on."""
  legalBasis: [LegalBasis!]!
  """What its form asks for, in the form's order."""
  requirements: [ProcedureRequirement!]!
}

"""One thing that a procedure's form asks for (CCCEV Requirement)."""
type ProcedureRequirement {
  """Its code within the procedure."""
  code: String!
  """What it is called on the form."""
  label: Label!
  """The sector that holds it; null if the hub does not read it anywhere."""
  holder: String
  """The paper that proves it (CCCEV EvidenceType); null if there is none."""
  evidence: Label
}
'''
FEDERATION_SDL = """
scalar _Any
union _Entity = %s
type _Service {
  sdl: String!
}
extend type Query {
  _service: _Service!
  _entities(representations: [_Any!]!): [_Entity]!
}
"""
LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])'


@dataclass(frozen=True)
class EntityKeys:
    """A type that other subgraphs may extend. Each of `keys` identifies one object by its fields together."""

    name: str
    keys: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Subgraph:
    """`sdl` is what a composition reads, `schema` what requests are validated against: the same with the fields of the protocol."""

    sdl: str
    schema: GraphQLSchema
    entities: Mapping[str, EntityKeys]


def build_subgraph(core: GraphQLSchema, registry: Registry, public: PublicTypes) -> Subgraph:
    """The subgraph of the graph's schema."""
    entities = [
        EntityKeys(name, (("id",), *((column.graphql,) for column in registry[name].keys)))
        for name in sorted(public.objects)
        if name in registry.entities
    ]
    entities += [EntityKeys("CodeLabel", (("list", "code"),)), EntityKeys("Procedure", (("code",),))]
    kept = _cut_out(parse(print_schema(core)), public)
    catalogue = parse(CATALOGUE_SDL)
    plain = _without_unused((*kept, *catalogue.definitions))
    sdl = "\n\n".join((LINK, *_print_with_keys(plain, {one.name: one for one in entities})))
    protocol = parse(FEDERATION_SDL % " | ".join(one.name for one in entities))
    return Subgraph(
        sdl,
        build_ast_schema(DocumentNode(definitions=(*plain, *protocol.definitions))),
        {one.name: one for one in entities},
    )


def _cut_out(document: DocumentNode, public: PublicTypes) -> Sequence[DefinitionNode]:
    """The definitions that stay, without the fields and arguments that lead out of them."""
    leaves = {
        definition.name.value  # type: ignore[attr-defined]  # a type
        for definition in document.definitions
        if definition.kind in LEAF_DEFINITIONS
    } | {"String", "Int", "Float", "Boolean", "ID"}
    objects = leaves | public.objects | set(SHARED_TYPES)
    inputs = leaves | public.inputs
    kept: list[DefinitionNode] = []
    for definition in document.definitions:
        if isinstance(definition, ObjectTypeDefinitionNode) and definition.name.value in (
            *public.objects,
            *SHARED_TYPES,
            "Query",
        ):
            fields = (
                _cut_arguments(field, inputs) for field in definition.fields or () if _name_of(field.type) in objects
            )
            left = tuple(field for field in fields if field is not None)
            kept.append(replace(definition, interfaces=(), fields=left))
        elif isinstance(definition, InputObjectTypeDefinitionNode) and definition.name.value in public.inputs:
            kept.append(replace(definition, fields=_stay(definition.fields or (), inputs)))
        elif definition.kind in LEAF_DEFINITIONS:
            kept.append(definition)
    return kept


def _cut_arguments(field: FieldDefinitionNode, inputs: set[str]) -> FieldDefinitionNode | None:
    """The field without the arguments that lead out; None if it needs one of them."""
    arguments = field.arguments or ()
    left = _stay(arguments, inputs)
    if any(one not in left and isinstance(one.type, NonNullTypeNode) for one in arguments):
        return None
    return replace(field, arguments=left)


def _stay(values: Iterable[InputValueDefinitionNode], inputs: set[str]) -> tuple[InputValueDefinitionNode, ...]:
    return tuple(value for value in values if _name_of(value.type) in inputs)


def _name_of(kind: TypeNode) -> str:
    while not isinstance(kind, NamedTypeNode):
        kind = kind.type  # type: ignore[attr-defined]  # a list or a non-null type
    return kind.name.value


def _without_unused(definitions: Sequence[DefinitionNode]) -> Sequence[DefinitionNode]:
    """Only what Query leads to: every scalar and enum of the graph came along."""
    used, waiting = {"Query"}, ["Query"]
    while waiting:
        name = waiting.pop()
        for definition in definitions:
            if definition.name.value == name:  # type: ignore[attr-defined]  # a type
                found = _TypeNames()
                visit(definition, found)
                waiting += found.names - used
                used |= found.names
    return [one for one in definitions if one.name.value in used]  # type: ignore[attr-defined]


class _TypeNames(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: object) -> VisitorAction:
        self.names.add(node.name.value)
        return None

    def enter_directive(self, *_: object) -> VisitorAction:
        return SKIP


def _print_with_keys(definitions: Sequence[DefinitionNode], entities: Mapping[str, EntityKeys]) -> Iterable[str]:
    """Each definition as text, with the directives of the protocol at its head."""
    for definition in definitions:
        text = print_ast(definition)
        if isinstance(definition, ObjectTypeDefinitionNode):
            name = definition.name.value
            entity = entities.get(name)
            marks = "".join(f' @key(fields: "{" ".join(key)}")' for key in entity.keys) if entity else ""
            if name in SHARED_TYPES:
                marks += " @shareable"
            text = text.replace(f"type {name} {{", f"type {name}{marks} {{", 1)
        yield text
