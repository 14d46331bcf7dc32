"""graphql-core's executor, but that whole values are written at once instead of being completed leaf by leaf."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.pyutils import Path

from hub.graph.completion.value_writer import IrregularValue, ObjectWriter, WritingState, make_writer
from hub.graph.completion.whole_values import WholeValue
from hub.graph.execution.bounded_cache import BoundedCache

MAX_WRITERS = 500
WRITERS_BYTES = 8_000_000
BYTES_PER_CHARACTER = 60
"""A writer is about so many times as large as the text of its document."""
MAX_CONSTANTS = 20_000
CONSTANTS_BYTES = 8_000_000


class ValueWriters:
    """Writers by document, operation and place, and what they keep of constants. Shared by all requests of a process."""

    def __init__(self) -> None:
        self._writers: BoundedCache[tuple[Any, ...], tuple[ObjectWriter | None]] = BoundedCache(
            MAX_WRITERS, most_size=WRITERS_BYTES
        )
        self._constants: BoundedCache[tuple[int, int], Any] = BoundedCache(MAX_CONSTANTS, most_size=CONSTANTS_BYTES)

    def write(
        self, executor: "ValueExecutor", kind: GraphQLObjectType, nodes: Any, path: Path, whole: WholeValue
    ) -> Any:
        """The JSON of a whole value as the operation selects it. Raises IrregularValue: then it has to be completed."""
        text = executor.context_value.ready.checked.text
        # @skip and @include select by the variables of one request, so its writer is not cached.
        is_kept = "@" not in text
        writer = self._find(executor, kind, nodes, path, text) if is_kept else self._make(executor, kind, nodes)
        if writer is None:
            raise IrregularValue
        state = WritingState(whole.readers, whole.context, self._constants if is_kept else None)
        return writer.write(whole.value, state)

    def _find(
        self, executor: "ValueExecutor", kind: GraphQLObjectType, nodes: Any, path: Path, text: str
    ) -> ObjectWriter | None:
        name = executor.operation.name
        key = text, name.value if name else None, kind.name, *(one for one in path.as_list() if isinstance(one, str))
        kept = self._writers.get(key)
        if kept is None:
            kept = (self._make(executor, kind, nodes),)
            self._writers.put(key, kept, BYTES_PER_CHARACTER * len(text))
        return kept[0]

    def _make(self, executor: "ValueExecutor", kind: GraphQLObjectType, nodes: Any) -> ObjectWriter | None:
        return make_writer(
            executor.schema, kind, nodes, lambda on, beneath: executor.collect_subfields(on, beneath).grouped_field_set
        )


class ValueExecutor(Executor[Any]):
    """Executes an operation. Its context has `writers`, a ValueWriters, and `ready`."""

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """As in graphql-core."""
        if isinstance(result, WholeValue):
            try:
                return self.context_value.writers.write(self, return_type, field_details_list, path, result)
            except IrregularValue:
                result = result.as_dict()
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
