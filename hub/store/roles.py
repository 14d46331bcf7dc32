"""Database roles: what each process may do, granted by `hub migrate` as far as its own role may grant.

    hub_reader   reads what the graph shows: the web process's pool for reads. No raw rows, no keys, no sessions.
    hub_clerk    writes dossiers, decisions of reviewers, sessions, alarms, deliveries and use of reading: the web process's
                 other connections.
    hub_worker   runs connectors and linking: everything but the definition of tables.
    hub_ledger   appends to the ledger: the web process's connection for records of reads. It cannot read or change one.
    hub_auditor  reads the ledger, for auditors and for citizens who ask who read their data.
    hub_steward  reads rejected rows with their values and answers them, and queues jobs: the web process's connection for stewards
                 and operators. It changes no row of the vocabulary: workers replay what it answers.

They are groups without a login. An operator makes logins and puts them in: `create role web login in role hub_reader`. The tables
belong to the role that migrates, which no server process needs.
"""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hub.model.names import quote_identifier

LOG = logging.getLogger("hub.store")
READER, CLERK, WORKER = "hub_reader", "hub_clerk", "hub_worker"
LEDGER, AUDITOR, STEWARD = "hub_ledger", "hub_auditor", "hub_steward"
READ, APPEND, WRITE, EVERYTHING = "select", "insert", "select, insert, update", "select, insert, update, delete"
LEDGER_FUNCTIONS = ("ledger.open_month(date)", "ledger.chain_head(uuid, date)")
"""Functions of the owner's: a writer makes partitions and sees the end of an abandoned chain by them, and nothing else."""
VOCABULARY = ("data", "history", "link", "link_history")
"""Schemas whose tables are derived from `schema/`, and what linking says of them."""


@dataclass(frozen=True)
class Grant:
    """Privileges on tables of a schema; on all of them if none is named."""

    privileges: str
    schema: str
    tables: tuple[str, ...] = ()

    def statements(self, role: str) -> list[str]:
        """The SQL that grants it."""
        if not self.tables:
            return [f"grant {self.privileges} on all tables in schema {self.schema} to {role}"]
        return [
            f"grant {self.privileges} on {self.schema}.{quote_identifier(table)} to {role}" for table in self.tables
        ]


READS = (
    *(Grant(READ, schema) for schema in VOCABULARY),
    Grant(
        READ,
        "hub",
        (
            "alembic_version",
            "stream",
            "run",
            "circuit",
            "change",
            "dossier",
            "dossier_subject",
            "sealed_subject",
            "event",
        ),
    ),
    Grant(READ, "hub", ("source_correction", "source_correction_event")),
)
GRANTS: dict[str, tuple[Grant, ...]] = {
    READER: READS,
    CLERK: (
        *READS,
        Grant(EVERYTHING, "link"),
        Grant(EVERYTHING, "link_history"),
        Grant(EVERYTHING, "hub", ("change", "web_session", "reading_use", "reading_subject", "dossier_push")),
        Grant(
            WRITE,
            "hub",
            (
                "dossier",
                "dossier_subject",
                "alarm",
                "inbox",
                "link_run",
                "lookup",
                "source_correction",
                "source_correction_event",
            ),
        ),
        Grant(f"{READ}, {APPEND}", "hub", ("prefill_snapshot", "paper_request", "event", "webhook_delivery")),
        Grant(READ, "hub", ("api_key", "dossier_sender", "webhook_endpoint", "quality_snapshot", "quality_measure")),
        # What a steward decides of sources. Of rejected rows the clerk sees which rule was broken, and neither key nor values.
        Grant(f"{READ}, update", "hub", ("approval", "drift")),
        Grant('update ("columns")', "hub", ("stream",)),
        Grant("select (id, stream_id, entity, field, rule, first_seen, resolved_at)", "hub", ("quarantine",)),
    ),
    WORKER: tuple(Grant(EVERYTHING, schema) for schema in (*VOCABULARY, "hub", "staging")),
    LEDGER: (
        Grant(APPEND, "ledger", ("record", "disclosure", "operation")),
        Grant(WRITE, "ledger", ("epoch", "witness")),
        Grant("select, insert", "ledger", ("checkpoint", "timestamp_token")),
        Grant(READ, "ledger", ("revoked_key",)),
        Grant(APPEND, "hub", ("alarm",)),
    ),
    AUDITOR: (*READS, Grant(READ, "ledger")),
    STEWARD: (
        *READS,
        Grant(READ, "hub", ("quarantine", "approval", "drift")),
        Grant("select (prefix, created_at, expires_at, revoked_at)", "hub", ("api_key",)),
        Grant("select (started_at, seen_at, expires_at)", "hub", ("web_session",)),
        Grant(READ, "hub", ("link_run",)),
        Grant('update ("resolved_at", "resolution")', "hub", ("quarantine",)),
        Grant(EVERYTHING, "hub", ("correction",)),
        Grant(EVERYTHING, "hub", ("circuit",)),
    ),
}
"""What each role may do. A table that is not named cannot be reached."""


def grant_roles(connection: Connection) -> list[str]:
    """Create the roles if they are missing, and give them exactly what `GRANTS` says.

    Returns the roles that could not be made or granted to, since the migrating role may not create roles: an operator then runs
    `role_statements` once as a superuser.
    """
    refused = []
    for role in GRANTS:
        try:
            with connection.begin_nested():
                for statement in role_statements(role, made=_is_there(connection, role)):
                    connection.execute(text(statement))
        except DBAPIError as error:
            # The kind alone: the server's message may name logins.
            LOG.info("the role %s was not granted to: %s", role, type(error.orig).__name__)
            refused.append(role)
    return refused


def role_statements(role: str, *, made: bool = False) -> list[str]:
    """The SQL that makes a role and gives it what `GRANTS` says, and nothing else. Can be run again."""
    schemas = sorted({grant.schema for grant in GRANTS[role]} | {"hub"})
    granted = [statement for grant in GRANTS[role] for statement in grant.statements(role)]
    sequences = [f"grant usage on all sequences in schema hub to {role}"] if role not in (READER, AUDITOR) else []
    return [
        *([] if made else [f"create role {role} nologin"]),
        *(
            f"revoke all on all tables in schema {schema} from {role}"
            for schema in (*VOCABULARY, "hub", "ledger", "staging")
        ),
        *(f"grant usage on schema {schema} to {role}" for schema in schemas),
        *(["grant create on schema staging to " + role] if role == WORKER else []),
        *granted,
        *sequences,
        *([f"grant execute on function {', '.join(LEDGER_FUNCTIONS)} to {role}"] if role == LEDGER else []),
    ]


def find_excess(connection: Any) -> list[str]:
    """What the role of a psycopg connection may do that a web process should not: in words, empty if all is well."""
    row = connection.execute(
        "select r.rolsuper, r.rolcreaterole or r.rolcreatedb,"
        " exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        "         where n.nspname in ('data', 'hub') and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')),"
        " has_schema_privilege('hub', 'create'), has_table_privilege('hub.quarantine', 'select')"
        " from pg_roles r where r.rolname = current_user"
    ).fetchone()
    words = (
        "is a superuser",
        "may create roles or databases",
        "owns the hub's tables",
        "may define tables",
        "may read raw rows",
    )
    return [] if row is None else [word for word, found in zip(words, row, strict=True) if found]


def may_append_to_ledger(connection: Any) -> bool:
    """Whether the role of a psycopg connection may write records of reads."""
    # By the catalog: a role that may not use the schema could not name the table, and would get an error instead of an answer.
    row = connection.execute(
        "select bool_or(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'insert'))"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'ledger' and c.relname = 'record'"
    ).fetchone()
    return bool(row and row[0])


def _is_there(connection: Connection, role: str) -> bool:
    found = connection.execute(text("select exists (select from pg_roles where rolname = :role)"), {"role": role})
    return bool(found.scalar_one())
