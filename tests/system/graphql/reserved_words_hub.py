"""A hub with the vocabulary of `reserved_words`, in a process of its own: migrate, sync twice, link, ask. Prints what it finds."""

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from hub.ingest.run.connector_run import sync_connectors
from hub.link.run.linking_run import run_linking
from hub.settings import load_settings
from hub.store.engine import make_engine
from hub.store.migrate import draft_migrations, find_schema_differences, migrate_store
from tests.system.graph import Graph

ORDER = "end order limit when table group { select analyze } user { fullName } userLink { status recorded { name } }"
QUESTIONS = {
    "filtered": f"""{{ orders(
        filter: {{ order: {{ prefix: "lê" }}, end: {{ in: ["A", "B"] }}, when: {{ gte: "2020-01-01" }}, group: {{ analyze: {{ words: "an" }} }} }}
        orderBy: [{{ limit: DESC }}, {{ order: ASC }}] first: 1
    ) {{ totalCount pageInfo {{ endCursor }} nodes {{ {ORDER} }} }} }}""",
    "by_key": f'{{ order(by: {{ end: "B" }}) {{ {ORDER} }} user(by: {{ select: "U1" }}) {{ analyze }} }}',
    "searched": '{ search(text: "u1") { hits { matchedOn node { ... on User { select } } } } }',
    "through_link": '{ orders(filter: { user: { fullName: { eq: "Lê Văn An" } } }) { nodes { end } } }',
}
PAST = "query($at: DateTime!) @asOf(instant: $at) { orders(orderBy: [{ end: ASC }]) { nodes { end order } } }"


def main(database_url: str, source: str) -> None:
    """Run it all."""
    made = make_engine(database_url)
    migrate_store(made)
    drafted = draft_migrations(made, "A vocabulary of its own")
    revision = migrate_store(made)
    with made.connect() as connection:
        found: dict[str, Any] = {"difference": [str(each) for each in find_schema_differences(connection)]}
    found["drafted"] = [[path.parent.parent.name, path.name] for path in drafted]
    found["revision"] = revision
    found["first"] = counts(made)
    between = datetime.now(UTC).isoformat()
    change_source(source)
    found["second"] = counts(made)
    found["linked"] = [
        [report.field, report.confirmed] for report in run_linking(made).fields if report.field == "Order.user"
    ]
    graph = Graph(database_url, load_settings(explain=True))
    try:
        found |= {name: graph.data(question) for name, question in QUESTIONS.items()}
        after = found["filtered"]["orders"]["pageInfo"]["endCursor"]
        next_page = QUESTIONS["filtered"].replace("first: 1", f'first: 1, after: "{after}"')
        found["next"] = graph.data(next_page)
        found["past"] = graph.data(PAST, {"at": between})
    finally:
        graph.close()
    print(json.dumps(found, ensure_ascii=False))


def counts(made: Engine) -> list[list[Any]]:
    """Sync everything. Returns entity, added, changed, deleted, quarantined of the trial connector."""
    (report,) = sync_connectors(made, ["trial"])
    assert report.status == "SUCCEEDED", report
    return [[c.entity, c.added, c.changed, c.deleted, c.quarantined] for c in report.counts]


def change_source(path: str) -> None:
    """A row changes, two exchange a unique key, one goes, one comes."""
    with sqlite3.connect(path) as source:
        source.execute("update don set ten = 'Lê Thị Hoà', tien = 700 where id = 2")
        source.execute("update don set bang = case id when 1 then 'T2' else 'T1' end where id in (1, 2)")
        source.execute("delete from don where id = 3")
        source.execute(
            "insert into don values (4, 'D', 'T4', 'Lê Văn D', 5, '2021-01-01', 'u2', 'Lê Văn An', '022085001234')"
        )
