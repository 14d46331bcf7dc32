"""Permission of one request: the static part kept for each operation and purpose, the rest compared on every request."""

from collections.abc import Mapping

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType

from hub.access.permission_trie import CompiledPurpose
from hub.access.purposes import Purpose
from hub.errors import OperationRefused
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.prepare import PreparedRequest, RequestRejected, to_graphql_error
from hub.graph.permission.callers import Caller
from hub.plan.building.node_builder import Catalog
from hub.plan.permission.check import (
    Permission,
    PermissionRefusal,
    Permitted,
    analyse_operation,
    purposes_allowing,
)

SELF_CHECKED_MUTATIONS = frozenset(
    {
        *("openDossier", "addDossierSubjects", "endDossier"),
        *("requestEmergencyAccess", "confirmEmergencyAccess", "endEmergencyAccess"),
        *("openCorrection", "withdrawCorrection", "decideCorrection"),
        *("keepPrefill", "requestPaper"),
    }
)
"""They check by themselves who may use them, and answer with no value of any subject."""
PREFILL = frozenset(
    {"prefill", "prefillSnapshot", "prefillSnapshots", "paperRequests", "linkEvidence", "registerEvidence"}
)
"""They read by the documents of the dossier's procedure alone, now or when a snapshot was kept, and check by themselves whose."""
SELF_CHECKED_QUERIES = PREFILL | {"dossiers"}
"""With those that list what the caller's offices have, without any value of a subject."""
SELF_CHECKED_SUBSCRIPTIONS = frozenset({"dossierChanged"})
"""It tells of dossiers that the caller may list, without any value of a subject, and checks each event by itself."""
INTROSPECTION = frozenset({"__schema", "__type", "__typename"})
PUBLIC = "public"
"""The purpose of who names none."""
CACHE_OPERATIONS = 2_000
CACHE_BYTES = 16_000_000
ENTRY_BYTES = 6_000


class Permissions:
    """Checks requests against the compiled purposes. Under no purpose that of public data holds."""

    def __init__(self, schema: GraphQLSchema, compiled: Mapping[str, CompiledPurpose], catalog: Catalog) -> None:
        self._schema = schema
        self.compiled = compiled
        self._catalog = catalog
        self._kept: BoundedCache[tuple[str, str | None, str], Permission | tuple[PermissionRefusal, ...]] = (
            BoundedCache(CACHE_OPERATIONS, most_size=CACHE_BYTES)
        )

    def check(self, ready: PreparedRequest, caller: Caller) -> None:
        """Raises RequestRejected with FORBIDDEN_FIELD and the like, Unauthenticated for strangers."""
        if caller.principal is None:
            if not is_about_schema(ready.operation):
                caller.known  # noqa: B018 - raises Unauthenticated
            return
        purpose = self.compiled[PUBLIC if caller.purpose is None else caller.purpose.code]
        kept = self._kept.get(_key(ready, purpose))
        if isinstance(kept, Permission) and isinstance(kept.check(ready.variables, caller.bindings), Permitted):
            return  # nothing is kept of what checks itself, nor under a masked purpose
        if checks_itself(ready.operation):
            return
        if caller.purpose is not None and caller.purpose.declaration.masked:
            self._check_masked(ready, caller.purpose)
            return
        permission = self.analyse(ready, purpose)
        found = permission.check(ready.variables, caller.bindings) if isinstance(permission, Permission) else permission
        if isinstance(found, Permitted):
            return
        compiled = self.compiled.values()
        raise RequestRejected(
            [to_graphql_error(refusal.error(purposes_allowing(refusal, compiled))) for refusal in found]
        )

    def _check_masked(self, ready: PreparedRequest, purpose: Purpose) -> None:
        """A masked purpose reads stored data and nothing else; the planner refuses whatever would tell a masked value."""
        names = root_fields(ready.operation)
        stored = names is not None and all(self._catalog.is_stored(name) or name in INTROSPECTION for name in names)
        if ready.operation.operation is not OperationType.QUERY or not stored:
            error = OperationRefused(
                f"under the purpose {purpose.code} stored data is read, by root fields that do not stand in fragments",
                code="FORBIDDEN_OPERATION",
                next_step="use a purpose that has the operation: `hub purposes list`",
            )
            raise RequestRejected([to_graphql_error(error)])

    def analyse(self, ready: PreparedRequest, purpose: CompiledPurpose) -> Permission | tuple[PermissionRefusal, ...]:
        """What the purpose says to the operation, whatever its variables are: made once, then kept."""
        key = _key(ready, purpose)
        kept = self._kept.get(key)
        if kept is None:
            kept = analyse_operation(ready.checked.document, ready.operation, purpose, self._schema)
            self._kept.put(key, kept, ENTRY_BYTES + len(ready.checked.text))
        return kept


def _key(ready: PreparedRequest, purpose: CompiledPurpose) -> tuple[str, str | None, str]:
    """What a permission is kept by. With the version, since a purpose's documents may have changed."""
    name = ready.operation.name
    return ready.checked.text, name.value if name else None, purpose.version


def root_fields(operation: OperationDefinitionNode) -> frozenset[str] | None:
    """The names of the root fields; None if some stand in fragments."""
    nodes = operation.selection_set.selections
    if not all(isinstance(node, FieldNode) for node in nodes):
        return None
    return frozenset(node.name.value for node in nodes if isinstance(node, FieldNode))


def is_about_schema(operation: OperationDefinitionNode) -> bool:
    """Whether the operation asks for the schema alone, which is public."""
    names = root_fields(operation)
    return operation.operation is OperationType.QUERY and names is not None and names <= INTROSPECTION


def checks_itself(operation: OperationDefinitionNode) -> bool:
    """Whether the operation has only root fields that check by themselves who may use them."""
    names = root_fields(operation)
    allowed = {
        OperationType.MUTATION: SELF_CHECKED_MUTATIONS,
        OperationType.QUERY: SELF_CHECKED_QUERIES,
        OperationType.SUBSCRIPTION: SELF_CHECKED_SUBSCRIPTIONS,
    }
    return names is not None and names <= allowed.get(operation.operation, frozenset())
