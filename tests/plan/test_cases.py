"""Golden plans: each case is an operation (and its variables); beside it stands the SQL it becomes, with the binds.

Rewrite with UPDATE_GOLDEN=1, and read the difference before it is committed. Whether the SQL is right is shown elsewhere,
on a database; here it is shown that it does not change unseen.
"""

import json
import os
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from hub.graph.execution.explain import build_tree
from hub.graph.schema import get_core_schema, load_schema
from hub.model.registry import load_registry
from hub.plan.planner import Plan, Planner
from tests.plan.layout import layout

CASES = sorted((Path(__file__).parent / "cases").glob("*.graphql"))


def plan(path: Path) -> tuple[Plan, list[object]]:
    """The plan of a case, and the parameters for its variables."""
    document = parse(path.read_text(encoding="utf-8"))
    graphql_schema = get_core_schema(load_schema())
    assert validate(graphql_schema, document) == []
    given = path.with_suffix(".json")
    variables = json.loads(given.read_text(encoding="utf-8")) if given.exists() else {}
    (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    coerced = get_variable_values(graphql_schema, operation.variable_definitions or (), variables)
    assert not isinstance(coerced, list), coerced
    planner = Planner(load_registry(), graphql_schema)
    read = planner.read(document, operation, coerced.coerced)
    assert all(planner.is_stored(field) for field in read.fields)
    made = planner.plan(read)
    return made, made.parameters(coerced.coerced)


def shown(made: Plan, parameters: list[object]) -> str:
    """The SQL laid out, then the parameters."""
    return layout(made.sql) + "".join(f"-- ${n} = {value!r}\n" for n, value in enumerate(parameters, 1))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    text = shown(*plan(path))
    golden = path.with_suffix(".sql")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def test_values_are_bound_and_never_rendered() -> None:
    for path in CASES:
        made, parameters = plan(path)
        for value in parameters:
            # The kind of a global id is compared with the names of the schema, which the statement does hold.
            if isinstance(value, str) and len(value) > 3 and value not in load_registry().entities:
                assert value not in made.sql, path.stem


def test_each_can_be_explained_in_words() -> None:
    for path in CASES:
        assert build_tree(plan(path)[0].roots), path.stem


def test_one_statement_each() -> None:
    for path in CASES:
        assert ";" not in plan(path)[0].sql
