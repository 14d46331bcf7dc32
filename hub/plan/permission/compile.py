"""Purposes → tries: each operation of a purpose's documents becomes the paths and arguments that it permits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    is_abstract_type,
    is_input_object_type,
    is_object_type,
    parse,
    validate,
)

from hub.access.argument_rules import Allowed, Exactly
from hub.access.permission_trie import (
    NO_TYPES,
    NOTHING,
    CompiledPurpose,
    FieldRule,
    OperationTrie,
    PathNode,
    PublicTypes,
)
from hub.access.purpose_declaration import PurposeOfProcedure
from hub.access.purposes import Purpose, PurposeDocument, declaration_file, read_purpose_file
from hub.errors import HubMisconfigured
from hub.plan.building.selection import Document
from hub.plan.permission.arguments import AllowedArguments, UnboundVariable
from hub.sdk.toml_lines import find_line

DOCUMENTS_REMEMBERED = 100
"""Parsed documents of purposes, about 100 kB each: every rule about them reads them, and checking one takes 6 ms."""
FORM = 'declare it in [variables], e.g. personalId = { subject = "applicant" }'


def compile_purposes(purposes: Iterable[Purpose], schema: GraphQLSchema) -> Mapping[str, CompiledPurpose]:
    """Every purpose ready to check operations against. Raises HubMisconfigured naming file and line."""
    known = tuple(purposes)
    public = find_public_types(schema, {name for purpose in known for name in purpose.declaration.public_types})
    return {purpose.code: compile_purpose(purpose, schema, public) for purpose in known}


def compile_purpose(purpose: Purpose, schema: GraphQLSchema, public: PublicTypes = NO_TYPES) -> CompiledPurpose:
    """One purpose. `public` is what needs no purpose. Raises HubMisconfigured naming file and line."""
    _check_entities(purpose, schema)
    operations = tuple(trie for document in purpose.documents for trie in _compile_document(purpose, document, schema))
    return CompiledPurpose(purpose.code, purpose.version, operations, purpose.declaration.limits, public)


@lru_cache(maxsize=DOCUMENTS_REMEMBERED)
def parse_document(document: PurposeDocument, schema: GraphQLSchema) -> DocumentNode:
    """A document that fits the schema. Raises HubMisconfigured naming file and line."""
    try:
        parsed = parse(document.text)
    except GraphQLSyntaxError as error:
        raise _invalid(document, error) from None
    wrong = validate(schema, parsed)
    if wrong:
        raise _invalid(document, wrong[0])
    return parsed


def operations_of(document: DocumentNode) -> tuple[OperationDefinitionNode, ...]:
    """The operations of a document."""
    return tuple(d for d in document.definitions if isinstance(d, OperationDefinitionNode))


def fragments_of(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    """The fragments of a document by name."""
    return {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}


def find_instant(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> tuple[ValueNode, GraphQLInputType] | None:
    """The instant of an operation's @asOf, and its type; None if it reads the present."""
    for directive in operation.directives or ():
        definition = schema.get_directive(directive.name.value)
        for argument in directive.arguments or ():
            if definition is not None and argument.name.value == "instant":
                return argument.value, definition.args["instant"].type
    return None


def operation_label(document: PurposeDocument, operation: OperationDefinitionNode) -> str:
    """`query.graphql` or, if it is named, `query.graphql LandRightTransfer`."""
    return f"{document.path.name} {operation.name.value}" if operation.name else document.path.name


def possible_types(schema: GraphQLSchema, kind: GraphQLNamedType) -> tuple[str, ...]:
    """The names of the concrete types that an object of this type can have; none for leaves."""
    if is_abstract_type(kind):
        return tuple(one.name for one in schema.get_possible_types(kind))
    return (kind.name,) if is_object_type(kind) else ()


def find_public_types(schema: GraphQLSchema, names: Iterable[str]) -> PublicTypes:
    """These types with their connections and edges, and the input types that do not lead out of them.

    Raises HubMisconfigured if there is no such type.
    """
    objects = set(names)
    for name in sorted(objects):
        if not is_object_type(schema.get_type(name)):
            raise HubMisconfigured(
                f"public_types: there is no type {name}",
                next_step="name object types of schema/generated/schema.graphql",
            )
    filters: set[str] = set()
    for kind in [t for t in schema.type_map.values() if isinstance(t, GraphQLObjectType)]:
        if (
            "nodes" in kind.fields
            and "edges" in kind.fields
            and get_named_type(kind.fields["nodes"].type).name in objects
        ):
            objects |= {kind.name, get_named_type(kind.fields["edges"].type).name}
    for kind in [t for t in schema.type_map.values() if isinstance(t, GraphQLObjectType)]:
        for field in kind.fields.values():
            if get_named_type(field.type).name in objects:
                filters |= {get_named_type(argument.type).name for argument in field.args.values()}
    return PublicTypes(frozenset(objects), _public_inputs(schema, filters))


def _public_inputs(schema: GraphQLSchema, seeds: set[str]) -> frozenset[str]:
    """The input objects of which every field is a leaf or such an input; `seeds` are filters and keys of public types."""
    kinds = {name: kind for name, kind in schema.type_map.items() if is_input_object_type(kind)}
    found = {name for name in seeds if name in kinds}
    while True:
        more = {
            name
            for name, kind in kinds.items()
            if all(inner.name not in kinds or inner.name in found for inner in _input_types(kind))
        }
        if more <= found:
            return frozenset(found)
        found |= more


def _input_types(kind: GraphQLNamedType) -> list[GraphQLNamedType]:
    assert is_input_object_type(kind)
    return [get_named_type(field.type) for field in kind.fields.values()]


def _check_entities(purpose: Purpose, schema: GraphQLSchema) -> None:
    for role, subject in purpose.declaration.subjects.items():
        if not is_object_type(schema.get_type(subject.entity)):
            raise HubMisconfigured(
                f"{_locate(purpose, ('subjects', role, 'entity'))}: subjects.{role}: there is no type {subject.entity}",
                next_step="use a type of schema/generated/schema.graphql, e.g. Citizen",
            )


def _locate(purpose: Purpose, location: tuple[str, ...]) -> str:
    """The line of a key of the declaration, as `file:line`; the folder, if the purpose was made without one."""
    if not purpose.folder.is_dir():
        return str(purpose.folder)
    path = declaration_file(purpose.folder)
    return f"{path}:{find_line(read_purpose_file(path), location)}"


def _invalid(document: PurposeDocument, error: GraphQLError) -> HubMisconfigured:
    line = f":{error.locations[0].line}" if error.locations else ""
    return HubMisconfigured(
        f"{document.path}{line}: {error.message}", next_step="correct the document: it must fit schema.graphql"
    )


def _compile_document(purpose: Purpose, document: PurposeDocument, schema: GraphQLSchema) -> list[OperationTrie]:
    parsed = parse_document(document, schema)
    operations = operations_of(parsed)
    if not operations:
        raise HubMisconfigured(f"{document.path}: there is no operation", next_step="write one, e.g. query { … }")
    read = Document(schema, fragments_of(parsed), {}, with_skipped=True)
    return [_Compiler(purpose, document, read, operation).compile() for operation in operations]


@dataclass(frozen=True)
class _Compiler:
    """Compiles one operation of a document."""

    purpose: Purpose
    source: PurposeDocument
    document: Document
    operation: OperationDefinitionNode

    def compile(self) -> OperationTrie:
        schema = self.document.schema
        root = schema.get_root_type(self.operation.operation)
        assert root is not None  # validated
        try:
            self._check_variables()
            node = self._node((root.name,), (self.operation.selection_set,))
            return OperationTrie(
                operation_label(self.source, self.operation),
                self.operation.operation.value,
                root.name,
                self._as_of(),
                node,
            )
        except UnboundVariable as error:
            line = f":{error.line}" if error.line else ""
            raise HubMisconfigured(f"{self.source.path}{line}: {error}", next_step=error.next_step) from None

    @property
    def _arguments(self) -> AllowedArguments:
        defaults = {
            definition.variable.name.value: definition.default_value
            for definition in self.operation.variable_definitions or ()
        }
        return AllowedArguments(self.purpose.declaration, defaults)

    def _check_variables(self) -> None:
        declared = self.purpose.declaration.variables
        for definition in self.operation.variable_definitions or ():
            name = definition.variable.name.value
            if name not in declared:
                raise UnboundVariable(
                    f"the variable ${name} is not bound to anything", self._describe_binding(name), definition
                )

    def _describe_binding(self, name: str) -> str:
        """How to bind a variable: in a procedure by its name, which is a role's, elsewhere by a rule."""
        declaration = self.purpose.declaration
        if not isinstance(declaration, PurposeOfProcedure):
            return FORM
        roles = ", ".join(f"${role}" for role in declaration.subjects)
        return f"a document of a procedure reads one subject: call ${name} like its role ({roles})"

    def _as_of(self) -> Allowed:
        instant = find_instant(self.document.schema, self.operation)
        return Exactly(None) if instant is None else self._arguments.allowed(*instant)

    def _node(self, types: Sequence[str], sets: Sequence[SelectionSetNode]) -> PathNode:
        """What the selection sets permit on an object that has one of these types."""
        fields: dict[str, Mapping[str, tuple[FieldRule, ...]]] = {}
        for name in types:
            rules: dict[str, tuple[FieldRule, ...]] = {}
            for rule in self._rules(name, sets):
                rules[rule.name] = _with_rule(rules.get(rule.name, ()), rule)
            if rules:
                fields[name] = rules
        return PathNode(fields)

    def _rules(self, type_name: str, sets: Sequence[SelectionSetNode]) -> Iterable[FieldRule]:
        kind = self.document.schema.get_type(type_name)
        assert isinstance(kind, GraphQLObjectType)
        for selected in self.document.collect(type_name, sets):
            if selected.name.startswith("__"):
                continue
            definition = kind.fields[selected.name]
            arguments = self._arguments.of_field(definition, selected.node)
            types = possible_types(self.document.schema, get_named_type(definition.type))
            beneath = self._node(types, selected.beneath) if types else NOTHING
            yield FieldRule(selected.name, arguments, beneath)


def _with_rule(rules: tuple[FieldRule, ...], more: FieldRule) -> tuple[FieldRule, ...]:
    """The rules with one more; rules with the same arguments become one."""
    for index, rule in enumerate(rules):
        if rule.arguments == more.arguments:
            merged = FieldRule(rule.name, rule.arguments, _merge(rule.beneath, more.beneath))
            return (*rules[:index], merged, *rules[index + 1 :])
    return (*rules, more)


def _merge(left: PathNode, right: PathNode) -> PathNode:
    fields: dict[str, dict[str, tuple[FieldRule, ...]]] = {name: dict(rules) for name, rules in left.fields.items()}
    for type_name, by_field in right.fields.items():
        own = fields.setdefault(type_name, {})
        for name, rules in by_field.items():
            for rule in rules:
                own[name] = _with_rule(own.get(name, ()), rule)
    return PathNode(fields)
