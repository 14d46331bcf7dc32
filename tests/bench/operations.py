"""The operations that are measured: each as the hub's, PostGraphile's and the idiomatic server's document, with variables.

Aliases make PostGraphile's answers have the hub's shape; `plain` takes out what is left: numbers written as text, cursors.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from tests.bench.harness import Target
from tests.bench.servers import HANDWRITTEN, HUB, POSTGRAPHILE, STRAWBERRY, Served

Variables = Mapping[str, Any]

NUMBERS = frozenset({"area", "amount", "paidAmount"})
PAGE, STEP, DEPTH, MOST_BODIES = 100, 500, 10_000, 20_000

LINKED = """{ personalId fullName birthDate
  landUseRights(first: 10) { nodes { certificateSerial status parcel { parcelNumber area } } }
  taxObligations(first: 10) { nodes { kind year amount status } }
  businessRoles(first: 10) { nodes { role business { legalName enterpriseCode } } } }"""
PERSON = "{ personalId fullName birthDate }"
WIDE = """{ ...Person residence { ...Unit } landUseRights(first: 10) { nodes { ...Right } }
  taxObligations(first: 10) { nodes { ...Tax } } } }
fragment Person on Citizen { personalId formerId fullName sex birthDate ethnicity residenceAddress registeredOn }
fragment Unit on AdministrativeUnit { unitCode code level typeName name }
fragment Right on %s { certificateSerial registryNumber issuedOn status purpose parcel { ...Land } }
fragment Land on Parcel { parcelNumber mapSheet ordinal area address }
fragment Tax on %s { obligationNumber kind year amount paidAmount dueOn status }"""
INFO = "pageInfo { hasNextPage endCursor }"


@dataclass(frozen=True)
class Sample:
    """What the variables are drawn from: rows of the database, and each peer's cursors.

    `cursors` go into the list of all citizens, `followed` from a prefix that more than 20 have to the end of its first page.
    """

    ids: Sequence[str]
    keys: Sequence[int]
    prefixes: Sequence[str]
    units: Sequence[str]
    cursors: Mapping[str, Sequence[str]]
    followed: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Operation:
    """One operation. `number` turns the hand-written statement's parameters into pgbench's, from `:n`."""

    key: str
    table: str
    name: str
    documents: Mapping[str, str]
    variables: Callable[[Sample, str], list[Variables]]
    targets: tuple[Target, ...]
    number: Mapping[str, str] | None = None


def _ids(sample: Sample, peer: str) -> list[Variables]:
    return [{"id": personal_id} for personal_id in sample.ids]


def _pages(sample: Sample, peer: str) -> list[Variables]:
    return [{"after": cursor} for cursor in sample.cursors[peer][: -PAGE - 1 : PAGE // 2]]


def _deep(sample: Sample, peer: str) -> list[Variables]:
    start = min(DEPTH, len(sample.cursors[peer]) // 2)
    return [{"after": cursor} for cursor in sample.cursors[peer][start : start + 2_000]]


def _searches(sample: Sample, peer: str) -> list[Variables]:
    first: list[Variables] = [{"prefix": prefix, "after": None} for prefix in sample.prefixes]
    return first + [{"prefix": prefix, "after": after} for prefix, after in sample.followed[peer].items()]


def _units(sample: Sample, peer: str) -> list[Variables]:
    return [{"unit": unit} for unit in sample.units]


def _page(variables: str, field: str, node: str, beside: str = "") -> str:
    return f"query({variables}) {{ {field} {{ nodes {node} {beside} }} }}"


LINKED_READS, SEARCHES = "Linked reads", "Searches, pages and wide reads"
EVEN = (Target(1, POSTGRAPHILE),)

OPERATIONS: Sequence[Operation] = (
    Operation(
        "citizen",
        LINKED_READS,
        "One linked citizen, 3 links deep, by identifier",
        {
            HUB: f"query($id: PersonalId!) {{ citizen(by: {{ personalId: $id }}) {LINKED} }}",
            POSTGRAPHILE: f"query($id: String!) {{ citizen: citizenByPersonalId(personalId: $id) {LINKED} }}",
            STRAWBERRY: f"query($id: String!) {{ citizen(personalId: $id) {LINKED} }}",
        },
        _ids,
        (Target(1.8, POSTGRAPHILE), Target(20, STRAWBERRY), Target(0.75, HANDWRITTEN)),
        {"$1": "(select personal_id from served.numbered where n = :n)"},
    ),
    Operation(
        "page",
        LINKED_READS,
        "A page of 100 such citizens",
        {
            HUB: _page("$after: String", "citizens(first: 100, after: $after)", LINKED),
            POSTGRAPHILE: _page("$after: Cursor", "citizens: allCitizens(first: 100, after: $after)", LINKED),
            STRAWBERRY: _page("$after: String", "citizens(first: 100, after: $after)", LINKED),
        },
        _pages,
        (Target(2.5, POSTGRAPHILE), Target(30, STRAWBERRY), Target(0.85, HANDWRITTEN)),
        {"$1": "(select id from served.numbered where n = :n)"},
    ),
    Operation(
        "search",
        SEARCHES,
        "The first 20 by name of those whose name begins so, and the 20 after them",
        {
            HUB: _page(
                "$prefix: String!, $after: String",
                "citizens(filter: { fullName: { prefix: $prefix } }, first: 20, after: $after,"
                " orderBy: [{ fullName: ASC }])",
                PERSON,
                INFO,
            ),
            POSTGRAPHILE: _page(
                "$prefix: String!, $after: Cursor",
                "citizens: servedCitizensNamed(prefix: $prefix, first: 20, after: $after,"
                " orderBy: [FULL_NAME_KEY_ASC, ROW_ID_ASC])",
                PERSON,
                INFO,
            ),
        },
        _searches,
        EVEN,
    ),
    Operation(
        "deep",
        SEARCHES,
        "20 after the 10,000th, by cursor",
        {
            HUB: _page("$after: String", "citizens(first: 20, after: $after)", PERSON, INFO),
            POSTGRAPHILE: _page("$after: Cursor", "citizens: allCitizens(first: 20, after: $after)", PERSON, INFO),
        },
        _deep,
        EVEN,
    ),
    Operation(
        "count",
        SEARCHES,
        "The residents of a commune: 20 of them and totalCount",
        {
            HUB: _page(
                "$unit: AdministrativeUnitCode!",
                "citizens(filter: { residenceUnitCode: { eq: $unit } }, first: 20)",
                PERSON,
                "totalCount",
            ),
            POSTGRAPHILE: _page(
                "$unit: String!",
                "citizens: allCitizens(condition: { residenceUnitCode: $unit }, first: 20)",
                PERSON,
                "totalCount",
            ),
        },
        _units,
        EVEN,
    ),
    Operation(
        "wide",
        SEARCHES,
        "30 fields in five fragments, by identifier",
        {
            HUB: "query($id: PersonalId!) { citizen(by: { personalId: $id }) "
            + WIDE % ("LandUseRight", "TaxObligation"),
            POSTGRAPHILE: "query($id: String!) { citizen: citizenByPersonalId(personalId: $id) "
            + WIDE % ("ServedLandUseRight", "ServedTaxObligation"),
        },
        _ids,
        EVEN,
    ),
)


def sample(url: str, servers: Mapping[str, Served]) -> Sample:
    """Draw what the variables are made of; each peer's cursors are asked of that peer, by walking its list."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("select id, personal_id, full_name from data.citizen order by id").fetchall()
        found = connection.execute("select distinct residence_unit_code from data.citizen order by 1").fetchall()
    keys = [key for key, _, _ in rows]
    ids = [personal_id for _, personal_id, _ in rows]
    names = [name for _, _, name in random.sample(rows, min(1_000, len(rows)))]
    cursors = {peer: [str(key) for key in keys] for peer in servers}
    cursors[HUB] = _walk(servers[HUB], "citizens", "String")
    cursors[POSTGRAPHILE] = _walk(servers[POSTGRAPHILE], "allCitizens", "Cursor")
    assert len(cursors[HUB]) == len(cursors[POSTGRAPHILE]) == len(keys)
    # A family name and the beginning of the next: from one person to some hundreds.
    prefixes = sorted({name[: name.index(" ") + random.randint(2, 7)] for name in names if " " in name})
    followed = {peer: _follow(peer, server, prefixes) for peer, server in servers.items() if peer != STRAWBERRY}
    units = [unit for (unit,) in found if unit is not None]
    return Sample(random.sample(ids, min(MOST_BODIES, len(ids))), keys, prefixes, units, cursors, followed)


def _follow(peer: str, server: Served, prefixes: Sequence[str]) -> dict[str, str]:
    (search,) = (operation for operation in OPERATIONS if operation.key == "search")
    found = {}
    for prefix in prefixes:
        body = {"query": search.documents.get(peer, ""), "variables": {"prefix": prefix, "after": None}}
        info = server.ask(path(search, peer), body)["citizens"]["pageInfo"]
        if info["hasNextPage"]:
            found[prefix] = info["endCursor"]
    return found


def path(operation: Operation, peer: str) -> str:
    """Where this peer answers this operation: the hand-written one has a path for each."""
    return f"/{operation.key}" if peer == HANDWRITTEN else "/graphql"


def _walk(server: Served, field: str, kind: str) -> list[str]:
    query = (
        f"query($after: {kind}) {{ list: {field}(first: {STEP}, after: $after)"
        " { edges { cursor } pageInfo { hasNextPage } } }"
    )
    cursors: list[str] = []
    while True:
        given = {"after": cursors[-1] if cursors else None}
        page = server.ask("/graphql", {"query": query, "variables": given})["list"]
        cursors += [edge["cursor"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return cursors


def plain(value: Any, name: str = "") -> Any:
    """An answer in one form for all peers: numbers as decimals, and of a cursor only whether there is one."""
    if isinstance(value, dict):
        return {key: plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner, name) for inner in value]
    if name == "endCursor":
        return value is not None
    return Decimal(str(value)).normalize() if name in NUMBERS and value is not None else value
