"""What `hub doctor` says of the ledger: whether it can be written, which proofs exist, and which tasks are due."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

import psycopg

from hub.cli.operate.doctor.doctor_report import DoctorFinding
from hub.errors import HubError
from hub.ledger.checkpoints.signing_keys import describe_revoked
from hub.ledger.health import CheckpointState, LedgerHealth, OpenChain, WitnessState, read_ledger_health
from hub.ledger.keeper import list_witnesses, load_configured_key
from hub.ledger.month_upkeep import LedgerMonthState, list_months
from hub.ledger.months import month_of
from hub.settings import Settings
from hub.store.engine import SESSION, add_silence_timeouts
from hub.store.roles import may_append_to_ledger

LATE_AFTER_S = 1_200.0
"""Twice the time after which a checkpoint is made in any case."""
ROLES_PAGE = "see docs/how-to/create-database-roles.md"
LEDGER_PAGE = "see docs/how-to/keep-the-ledger.md"
CONNECT_WITHIN_S = 5


def check_ledger(settings: Settings, url: str) -> Iterator[DoctorFinding]:
    """Everything about the ledger of the database at `url`.

    Where nobody relies on it, with access off or in an embedded store, what would prove it is advice and not a failure.
    """
    must = settings.access == "on" and settings.database_url is not None
    yield check_login(settings, url)
    yield check_signing_key(settings, must=must)
    given = settings.auditor_url.get_secret_value() if settings.auditor_url else url
    try:
        with psycopg.connect(
            add_silence_timeouts(given), autocommit=True, options=SESSION, connect_timeout=CONNECT_WITHIN_S
        ) as connection:
            health, months = read_ledger_health(connection), list_months(connection)
    except psycopg.Error as error:
        # The kind alone: a message of the server may name logins.
        step = f"set HUB_AUDITOR_URL to a login in the role hub_auditor; {ROLES_PAGE}"
        yield DoctorFinding("ledger", False, f"it cannot be read: {type(error).__name__}", step)
        return
    yield from check_revoked_key(settings, health)
    yield from check_witnesses([one.name for one in list_witnesses(settings)], health, must=must)
    yield check_checkpoint(health)
    yield check_chains(health.chains, datetime.now(UTC))
    yield check_retention(months, datetime.now(UTC).date(), settings.ledger_people_days)


def check_login(settings: Settings, url: str) -> DoctorFinding:
    """Whether reads can be written down. With access off, only commands write."""
    what = "ledger login"
    named = next(
        (
            (name, secret.get_secret_value())
            for name, secret in (("HUB_LEDGER_URL", settings.ledger_url), ("HUB_CLERK_URL", settings.clerk_url))
            if secret is not None
        ),
        ("HUB_DATABASE_URL" if settings.database_url else "the embedded store", url),
    )
    step = f"set HUB_LEDGER_URL to a login in the role hub_ledger on the primary; {ROLES_PAGE}"
    must = settings.access == "on"
    then = "so every read is refused" if must else "so commands that show values of people refuse"
    try:
        with psycopg.connect(add_silence_timeouts(named[1]), connect_timeout=CONNECT_WITHIN_S) as connection:
            may = may_append_to_ledger(connection)
    except psycopg.Error as error:
        found = f"the database does not answer to {named[0]}: {type(error).__name__}, {then}"
        return DoctorFinding(what, False, found, step)
    if not may:
        return DoctorFinding(what, not must, f"the login of {named[0]} may not write, {then}", step)
    if settings.ledger_url is None and settings.database_url is not None:
        return DoctorFinding(what, True, f"HUB_LEDGER_URL is not set: the login of {named[0]} writes", step)
    return DoctorFinding(what, True, f"{named[0]} may write")


def check_signing_key(settings: Settings, *, must: bool) -> DoctorFinding:
    """Whether checkpoints are signed."""
    what = "ledger signing key"
    try:
        key = load_configured_key(settings)
    except HubError as error:
        return DoctorFinding(what, False, error.message, error.next_step)
    if key is None:
        step = f"`hub ledger keys new FILE`, then set HUB_LEDGER_SIGNING_KEY; {LEDGER_PAGE}"
        return DoctorFinding(what, not must, "none: checkpoints do not prove that the hub made them", step)
    return DoctorFinding(what, True, key.id)


def check_revoked_key(settings: Settings, health: LedgerHealth) -> Iterator[DoctorFinding]:
    """Nothing, unless the key that is set was revoked."""
    with suppress(HubError):  # a key that cannot be loaded is a finding already
        key = load_configured_key(settings)
        if key is not None and key.id in health.revoked_keys:
            refused = describe_revoked(key.id)
            yield DoctorFinding("revoked ledger signing key", False, refused.message, refused.next_step)


def check_witnesses(configured: Sequence[str], health: LedgerHealth, *, must: bool) -> Iterator[DoctorFinding]:
    """Whether somebody outside has the checkpoints."""
    if not configured:
        step = f"set HUB_LEDGER_WITNESS_FILE, HUB_LEDGER_WITNESS_URL or HUB_LEDGER_TIMESTAMP_URL; {LEDGER_PAGE}"
        found = "none: whoever owns the database can write the ledger anew unseen"
        yield DoctorFinding("ledger witnesses", not must, found, step)
    states = {state.name: state for state in health.witnesses}
    for name in configured:
        yield _check_witness(name, states.get(name), health.checkpoint)


def _check_witness(name: str, state: WitnessState | None, last: CheckpointState | None) -> DoctorFinding:
    what = f"ledger witness {name}"
    if state is not None and state.failing_since is not None:
        found = f"fails since {state.failing_since:%Y-%m-%d %H:%M} ({state.reason}), has checkpoint {state.delivered}"
        step = "make it reachable: it gets what it missed within a minute; `hub ledger verify --head` compares it"
        return DoctorFinding(what, False, found, step)
    if state is None:
        step = "start `hub serve`, which gives it checkpoints"
        return DoctorFinding(what, True, "has no checkpoint yet", step if last else None)
    return DoctorFinding(what, True, f"has checkpoint {state.delivered} of {last.number if last else 'none'}")


def check_checkpoint(health: LedgerHealth) -> DoctorFinding:
    """Whether a server that writes also makes checkpoints."""
    what, last = "ledger checkpoints", health.checkpoint
    writes = any(chain.is_alive for chain in health.chains or ())
    if last is None:
        return DoctorFinding(what, True, "none yet", "start `hub serve`, which makes them")
    signed = "signed" if last.is_signed else "not signed"
    found = f"the last one, {last.number}, is {describe_age(last.age_s)} old and {signed}"
    if last.age_s <= LATE_AFTER_S:
        return DoctorFinding(what, True, found)
    if writes:
        step = "look at the log of `hub serve` for checkpoints; restart it if there is nothing"
        return DoctorFinding(what, False, f"{found}, while a server writes records", step)
    return DoctorFinding(what, True, found, "start `hub serve`: nothing is made while no server runs")


def check_chains(chains: Sequence[OpenChain] | None, now: datetime) -> DoctorFinding:
    """Chains that no process writes any more and that have no end: a month with one cannot be closed."""
    what = "ledger chains"
    if chains is None:
        return DoctorFinding(what, True, "not known on a replica", "run it with HUB_AUDITOR_URL on the primary")
    dead = [chain for chain in chains if not chain.is_alive]
    if not dead:
        return DoctorFinding(what, True, f"{len(chains)} open, each with its writer")
    oldest = dead[0]
    found = f"{len(dead)} open without a writer, e.g. {oldest.epoch} of {oldest.host}, begun {oldest.begun_at:%Y-%m-%d %H:%M}"
    step = "start or restart `hub serve`: the next writer writes down where they stopped"
    return DoctorFinding(what, all(chain.month >= month_of(now) for chain in dead), found, step)


def check_retention(months: Sequence[LedgerMonthState], today: date, least_days: int) -> DoctorFinding:
    """Months whose key should be destroyed by now."""
    what = "ledger retention"
    due = [f"{month.first_day:%Y-%m}" for month in months if month.is_due(today, least_days)]
    if due:
        return DoctorFinding(
            what,
            False,
            f"over for {', '.join(due[:12])}",
            "`hub ledger destroy-due`",
        )
    waiting = [month.find_due_day(least_days) for month in months if month.has_key]
    return DoctorFinding(what, True, f"the next month is due on {min(waiting)}" if waiting else "no month has a key")


def describe_age(seconds: float) -> str:
    """A time as its largest unit, e.g. "3 hours"."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
