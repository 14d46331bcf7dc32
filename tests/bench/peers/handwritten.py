"""The hand-written peer: one bare Starlette route and one SQL statement for each operation, which builds the JSON itself.

What a team would write that knew each operation beforehand and had no GraphQL. It takes the same requests, reads only their
variables, and passes PostgreSQL's bytes on. `python -m tests.bench.peers.handwritten URL SOCKET`; a path for each operation.
"""

import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import uvicorn
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

LINKED = """
    t.personal_id as "personalId", t.full_name as "fullName", t.birth_date as "birthDate",
    json_build_object('nodes', (select coalesce(json_agg(row_to_json(r)), '[]') from (
        select r.certificate_serial as "certificateSerial", r.status,
            (select row_to_json(p) from (
                select p.parcel_number as "parcelNumber", p.area
                from link.land_use_right_parcel l join data.parcel p on p.id = l.subject_id
                where l.record_id = r.id and l.status <> 'UNCONFIRMED') p) as parcel
        from link.land_use_right_holder l join data.land_use_right r on r.id = l.record_id
        where l.subject_id = t.id and l.status <> 'UNCONFIRMED' order by r.id limit 10) r)) as "landUseRights",
    json_build_object('nodes', (select coalesce(json_agg(row_to_json(o)), '[]') from (
        select o.kind, o.year, o.amount, o.status
        from link.tax_obligation_debtor l join data.tax_obligation o on o.id = l.record_id
        where l.subject_id = t.id and l.status <> 'UNCONFIRMED' order by o.id limit 10) o)) as "taxObligations",
    json_build_object('nodes', (select coalesce(json_agg(row_to_json(b)), '[]') from (
        select b.role,
            (select row_to_json(f) from (
                select f.legal_name as "legalName", f.enterprise_code as "enterpriseCode"
                from data.business f where f.registration_number = b.business_registration_number) f) as business
        from link.business_role_person l join data.business_role b on b.id = l.record_id
        where l.subject_id = t.id and l.status <> 'UNCONFIRMED' order by b.id limit 10) b)) as "businessRoles"
"""

WIDE = """
    t.personal_id as "personalId", t.former_id as "formerId", t.full_name as "fullName", t.sex,
    t.birth_date as "birthDate", t.ethnicity, t.residence_address as "residenceAddress", t.registered_on as "registeredOn",
    (select row_to_json(u) from (
        select u.unit_code as "unitCode", u.code, u.level, u.type_name as "typeName", u.name
        from data.administrative_unit u where u.unit_code = t.residence_unit_code) u) as residence,
    json_build_object('nodes', (select coalesce(json_agg(row_to_json(r)), '[]') from (
        select r.certificate_serial as "certificateSerial", r.registry_number as "registryNumber",
            r.issued_on as "issuedOn", r.status, r.purpose,
            (select row_to_json(p) from (
                select p.parcel_number as "parcelNumber", p.map_sheet as "mapSheet", p.ordinal, p.area, p.address
                from link.land_use_right_parcel l join data.parcel p on p.id = l.subject_id
                where l.record_id = r.id and l.status <> 'UNCONFIRMED') p) as parcel
        from link.land_use_right_holder l join data.land_use_right r on r.id = l.record_id
        where l.subject_id = t.id and l.status <> 'UNCONFIRMED' order by r.id limit 10) r)) as "landUseRights",
    json_build_object('nodes', (select coalesce(json_agg(row_to_json(o)), '[]') from (
        select o.obligation_number as "obligationNumber", o.kind, o.year, o.amount, o.paid_amount as "paidAmount",
            o.due_on as "dueOn", o.status
        from link.tax_obligation_debtor l join data.tax_obligation o on o.id = l.record_id
        where l.subject_id = t.id and l.status <> 'UNCONFIRMED' order by o.id limit 10) o)) as "taxObligations"
"""

NAMED = "t.full_name_key >= hub.name_key($1) and t.full_name_key < hub.name_key($1) || U&'\\+10FFFF'"


def _page(where: str, key: str, order: str, size: int) -> str:
    """A page of citizens with its pageInfo: one row more is read, to know whether there is a next page."""
    return (
        f"select json_build_object('nodes', coalesce(json_agg(row_to_json(c) order by n) filter (where n <= {size}), '[]'),"
        f" 'pageInfo', json_build_object('hasNextPage', count(*) > {size},"
        f" 'endCursor', max(cursor) filter (where n = least({size}, total))))::text from ("
        "select n, cursor, count(*) over () as total, personal_id, full_name, birth_date from ("
        f"select row_number() over (order by {order}) as n, {key} as cursor, t.personal_id, t.full_name, t.birth_date"
        f" from data.citizen t where {where} order by {order} limit {size} + 1) t) t,"
        ' lateral (select t.personal_id as "personalId", t.full_name as "fullName", t.birth_date as "birthDate") c'
    )


@dataclass(frozen=True)
class Statement:
    """One operation: the root field of the answer, the SQL, and the variables that are its parameters."""

    field: str
    sql: str
    take: tuple[str, ...]


STATEMENTS: Mapping[str, Statement] = {
    "citizen": Statement(
        "citizen",
        f"select row_to_json(c)::text from (select {LINKED} from data.citizen t where t.personal_id = $1) c",
        ("id",),
    ),
    "page": Statement(
        "citizens",
        "select json_build_object('nodes', coalesce(json_agg(row_to_json(c)), '[]'))::text from"
        f" (select {LINKED} from data.citizen t where t.id > $1::bigint order by t.id limit 100) c",
        ("after",),
    ),
    "search": Statement(
        "citizens", _page(NAMED, "t.full_name_key || '|' || t.id", "t.full_name_key, t.id", 20), ("prefix",)
    ),
    "search_on": Statement(
        "citizens",
        _page(
            f"{NAMED} and (t.full_name_key, t.id) > (split_part($2, '|', 1), split_part($2, '|', 2)::bigint)",
            "t.full_name_key || '|' || t.id",
            "t.full_name_key, t.id",
            20,
        ),
        ("prefix", "after"),
    ),
    "deep": Statement("citizens", _page("t.id > $1::bigint", "t.id::text", "t.id", 20), ("after",)),
    "count": Statement(
        "citizens",
        "select json_build_object('totalCount', (select count(*) from data.citizen where residence_unit_code = $1),"
        " 'nodes', (select coalesce(json_agg(row_to_json(c)), '[]') from ("
        'select t.personal_id as "personalId", t.full_name as "fullName", t.birth_date as "birthDate"'
        " from data.citizen t where t.residence_unit_code = $1 order by t.id limit 20) c))::text",
        ("unit",),
    ),
    "wide": Statement(
        "citizen",
        f"select row_to_json(c)::text from (select {WIDE} from data.citizen t where t.personal_id = $1) c",
        ("id",),
    ),
}

Pool = AsyncConnectionPool[AsyncConnection[Any]]


def _endpoint(pool: Pool, name: str) -> Callable[[Request], Awaitable[Response]]:
    first, later = STATEMENTS[name], STATEMENTS.get(f"{name}_on", STATEMENTS[name])
    before = b'{"data":{"%s":' % first.field.encode()

    async def answer(request: Request) -> Response:
        variables = orjson.loads(await request.body())["variables"]
        statement = later if variables.get("after") else first
        parameters = [variables[key] for key in statement.take]
        async with pool.connection() as connection, AsyncRawCursor(connection) as cursor:
            await cursor.execute(statement.sql, parameters)
            row = await cursor.fetchone()
        body = before + (row[0].encode() if row else b"null") + b"}}"
        return Response(body, media_type="application/json")

    return answer


def main() -> None:
    """Serve on the socket that the parent handed over."""
    url, number = sys.argv[1:]

    async def configure(connection: AsyncConnection[Any]) -> None:
        connection.prepare_threshold = 0

    pool: Pool = AsyncConnectionPool(
        url, min_size=8, max_size=8, open=False, kwargs={"autocommit": True}, configure=configure
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=True)
        yield
        await pool.close()

    names = [name for name in STATEMENTS if not name.endswith("_on")]
    app = Starlette(
        routes=[Route(f"/{name}", _endpoint(pool, name), methods=["POST"]) for name in names], lifespan=lifespan
    )
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(
        sockets=[socket.socket(fileno=int(number))]
    )


if __name__ == "__main__":
    main()
