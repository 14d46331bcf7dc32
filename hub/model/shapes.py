"""The parts that the graph adds to every row and every link: their GraphQL names, and the SQL that gives them.

`sql` is an expression over the alias `{t}` of the row, or `{l}` of its link; the planner fills it in.
"""

from dataclasses import dataclass, replace

DEFAULT_PAGE = 20
MAX_PAGE = 500


@dataclass(frozen=True)
class Part:
    """One derived field. `annotation` is its GraphQL type, written as a Python annotation."""

    graphql: str
    annotation: str
    sql: str
    description: str


def _stream(column: str) -> str:
    return f"(select s.{column} from hub.stream s where s.id = {{t}}.stream_id)"


PROVENANCE = (
    Part("source", "str", _stream("connector"), "The sector system the row is from: the name of its connector."),
    Part("stream", "str", _stream("name"), "The stream of that connector."),
    Part("sourceKey", "str", "{t}.source_key", "Key of the row in its source."),
    Part(
        "asOf",
        "DateTime",
        f"coalesce({_stream('as_of')}, {{t}}.sys_from)",
        "The instant for which the source confirmed this value: the start of its last complete read.",
    ),
    Part("firstSeen", "DateTime", "{t}.first_seen", "When the hub first saw the row."),
    Part("recordedAt", "DateTime", "{t}.sys_from", "Since when the hub has held this version."),
    Part("changedAtSource", "DateTime | None", "{t}.changed_at_source", "When the source says it changed the row."),
    Part(
        "connectorVersion",
        "str",
        "(select r.connector_version from hub.run r where r.id = {t}.run_id)",
        "Version of the connector that read this version of the row.",
    ),
)

PAST_PROVENANCE = tuple(
    replace(
        part,
        sql="coalesce((select max(r.started_at) from hub.run r join hub.stream s on s.connector = r.connector"
        " where s.id = {t}.stream_id and r.status = 'SUCCEEDED' and r.started_at <= {at}), {t}.sys_from)",
    )
    if part.graphql == "asOf"
    else part
    for part in PROVENANCE
)
"""Provenance as it was at the instant `{at}`: the last read that had confirmed the row by then."""

LINK = (
    Part("status", "LinkStatus", "coalesce({l}.status, {pending})", "How sure the link is."),
    Part("method", "str | None", "{l}.method", "The rule or model that made it."),
    Part("confidence", "float | None", "{l}.confidence", "Probability that it is right; null where a rule decided."),
    Part("decidedAt", "DateTime | None", "{l}.decided_at", "When it was decided."),
)

CANDIDATE = (
    Part("method", "str", "{l}.method", "The rule or model that found it."),
    Part("confidence", "float | None", "{l}.confidence", "Probability that it is right, where a model gave one."),
    Part("decidedAt", "DateTime", "{l}.decided_at", "When it was found."),
)
