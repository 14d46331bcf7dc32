"""`hub explain`: what an operation becomes, without running it: the plan as a tree, the SQL, what PostgreSQL estimates."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter
from rich.tree import Tree

from hub.cli.graph.operations import parse_variables, read_document
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, mark_text, one_line, show_json, show_text
from hub.graph.execution.explain import Branch, Explanation
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.service import make_executor, make_pool
from hub.settings import Settings, load_settings


def explain_command(
    query: str,
    *,
    variables: str = "{}",
    operation: str | None = None,
    json: Annotated[bool, Parameter(name="--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the plan and the SQL of an operation, with PostgreSQL's cost estimate. No data is read.

    Parameters
    ----------
    query
        The document; the path of a .graphql file; or - for standard input.
    variables
        Variables, as a JSON object.
    operation
        Name of the operation, if the document has several.
    """
    given = parse_variables(variables)
    settings = load_settings()
    with open_store_to_read(settings) as store:
        request = GraphQLRequest(read_document(query), operation, given)
        found = asyncio.run(_explain(settings, store.url, request))
    if json:
        show_json(found.as_json())
        return
    OUT.print(_tree("plan", found.plan))
    OUT.print()
    OUT.print(mark_text("bold", "SQL"))
    show_text(found.sql)
    OUT.print()
    OUT.print(mark_text("bold", "rows at most", f" {found.rows:,}"))
    OUT.print(_postgresql("PostgreSQL estimates", found.estimate))


async def _explain(settings: Settings, url: str, request: GraphQLRequest) -> Explanation:
    pool = make_pool(settings, url)
    await pool.open()
    try:
        return await make_executor(settings, pool).explained(request)
    finally:
        await pool.close()


def _tree(title: str, branches: tuple[Branch, ...]) -> Tree:
    made = Tree(one_line(title))
    for branch in branches:
        made.add(_tree(branch.text, branch.beneath))
    return made


def _postgresql(title: str, plan: Mapping[str, Any]) -> Tree:
    relation = plan.get("Index Name") or plan.get("Relation Name")
    on = f" on {relation}" if relation else ""
    words = f"{plan['Node Type']}{on}: {plan['Plan Rows']:,} rows, cost {plan['Total Cost']:,.2f}"
    made = Tree(one_line(f"{title}: {words}" if title else words))
    for inner in plan.get("Plans", ()):
        made.add(_postgresql(inner.get("Subplan Name", ""), inner))
    return made
