"""`hub doctor`: one line for each thing that has to hold, with the next step where it does not."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter
from sqlalchemy import text

from hub.access.service import describe_access
from hub.cli.operate.doctor.doctor_ledger import check_ledger
from hub.cli.operate.doctor.doctor_replicas import check_replicas
from hub.cli.operate.doctor.doctor_report import DoctorFinding
from hub.cli.operate.doctor.doctor_sizes import check_catalogue, show_sizing
from hub.cli.options import Json
from hub.cli.store import OpenStore, open_store_to_read
from hub.cli.terminal import OUT, mark_text, show_json
from hub.errors import HubError, HubMisconfigured
from hub.ingest.connectors import list_broken_connectors, load_manifests
from hub.link.likeness.trained import Version, last_refused, list_model_versions
from hub.link.model.party import PARTY
from hub.link.quality.estimate import PrecisionVerdict
from hub.link.quality.read import read_quality
from hub.link.quality.report import Quality
from hub.model.registry import load_registry
from hub.procedures.declaration.definition import read_procedures
from hub.settings import Settings, load_settings
from hub.store.engine import connect_for_run, store_url
from hub.store.migrate import find_schema_differences
from hub.store.part_sizes import read_catalogue
from hub.store.revision import StoreRevision, newest_revision, read_revision
from hub.web.pages import graphiql_page
from hub.webhooks.backlog import WebhookBacklog, count_endpoints, read_webhook_backlog
from hub.webhooks.poster import load_poster


def doctor_command(*, sizing: Annotated[bool, Parameter(negative=())] = False, json: Json = False) -> None:
    """Check settings, schema, access, connectors, procedures, page, store and ledger. Exits with 78 if a check fails.

    Parameters
    ----------
    sizing
        Show instead how large history, feed, quarantine, runs, snapshots and ledger are, and what they will be in a year. Counts rows.
    """
    settings = load_settings()
    if sizing:
        show_sizing(settings, json=json)
        return
    access = _try_check("access", lambda: asyncio.run(describe_access(settings)))
    findings = [*_offline(), access, *_online(settings)]
    if json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = (
                ("red", "wrong")
                if not finding.holds
                else ("yellow", "note ")
                if finding.next_step
                else ("green", "ok   ")
            )
            OUT.print(mark_text(*mark, f" {finding.what}: {finding.found}"))
            if finding.next_step:
                OUT.print(f"      next step: {finding.next_step}")
    wrong = sum(not finding.holds for finding in findings)
    if wrong:
        raise HubMisconfigured(f"{wrong} of {len(findings)} checks failed", next_step="see each above")


def _offline() -> Iterator[DoctorFinding]:
    yield _try_check("schema", lambda: f"{len(load_registry().entities)} entities")
    yield _try_check("procedures", lambda: ", ".join(read_procedures()))
    yield _try_check(
        "GraphiQL", lambda: f"{len(graphiql_page.render_graphiql_page('/graphql', ())):,} bytes of page, built"
    )
    for name, error in list_broken_connectors().items():
        yield DoctorFinding(f"connector {name}", False, error.message, error.next_step)
    for name, manifest in sorted(load_manifests().items()):
        needed = manifest.list_variables()
        yield check_configuration(name, needed, [variable for variable in needed if os.environ.get(variable)])


def check_tables(stored: StoreRevision, count_differences: Callable[[], int]) -> DoctorFinding:
    """Whether the tables are those of this program. A newer version may have migrated them, as in the middle of an upgrade."""
    if stored.revision != newest_revision():
        said = f"a newer version migrated them; this one ({newest_revision()}) can read them"
        return DoctorFinding("tables", True, said, "install the newer version here, too")
    count = count_differences()
    step = "`hub schema draft`, then `hub migrate`" if count else None
    return DoctorFinding("tables", not count, f"{count} differences from schema/", step)


def check_configuration(connector: str, needed: Sequence[str], given: Sequence[str]) -> DoctorFinding:
    """Whether a connector has its variables. One that has none is not used here; one that has some cannot work."""
    what, missing = f"connector {connector}", [variable for variable in needed if variable not in given]
    if not missing:
        return DoctorFinding(what, True, "configured")
    step = f"set {', '.join(missing)}"
    if given:
        return DoctorFinding(what, False, f"partly configured: {', '.join(given)}", step)
    return DoctorFinding(what, True, "not configured", f"{step}, to use it")


def _online(settings: Settings) -> Iterator[DoctorFinding]:
    try:
        with open_store_to_read(settings) as store:
            yield from _store(store, settings)
    except HubError as error:
        yield DoctorFinding("store", False, error.message, error.next_step)


def _store(store: OpenStore, settings: Settings) -> Iterator[DoctorFinding]:
    kind = "embedded" if store.server else "by URL"
    with store.engine.begin() as connection:
        version = connection.execute(text("show server_version")).scalar_one()
        stored = read_revision(connection)
        assert stored is not None  # opened
        yield DoctorFinding("store", True, f"PostgreSQL {version}, {kind}, revision {stored.revision}")
        yield check_tables(stored, lambda: len(find_schema_differences(connection)))
        streams = connection.execute(
            text("select connector, count(*), min(as_of) from hub.stream group by connector order by connector")
        ).all()
        for connector, count, as_of in streams:
            yield DoctorFinding(
                f"data of {connector}",
                as_of is not None,
                f"{count} streams, as of {as_of or 'never'}",
                None if as_of else "`hub sync`",
            )
        waiting = connection.execute(text("select count(*) from hub.quarantine where resolved_at is null")).scalar_one()
        yield DoctorFinding("quarantine", True, f"{waiting:,} rows wait")
    with connect_for_run(store_url(store.engine)) as connection:
        yield check_catalogue(read_catalogue(connection))
        yield check_links(read_quality(connection, settings))
        yield check_models(list_model_versions(connection, PARTY.name, most=20))
        yield check_webhooks(count_endpoints(connection), read_webhook_backlog(connection), settings)
    yield from check_replicas(settings, store.url)
    yield from check_ledger(settings, store.url)


def check_links(quality: Quality) -> DoctorFinding:
    """Whether links are as right as they must be, as far as reviewers have told."""
    links = sum(one.links for one in quality.strata if one.accepted)
    if not links:
        return DoctorFinding("links", True, "no link was made yet")
    if not any(one.drawn for one in quality.strata):
        step = "run `hub link`" if quality.monthly else "set HUB_LINK_SAMPLE_MONTHLY above 0, then run `hub link`"
        return DoctorFinding("links", True, f"{links:,} links, none sampled yet: their precision is not known", step)
    if quality.short or quality.verdict is PrecisionVerdict.SHORT:
        named = ", ".join(f"{one.field} {one.band}" for one in quality.short) or "all links together"
        return DoctorFinding(
            "links",
            False,
            f"below the precision target: {named}",
            "see `hub link quality`; `hub link` applies a threshold that was raised",
        )
    found = quality.overall
    if found is None:
        told = f"{quality.waiting:,} sampled links wait for a first answer"
        return DoctorFinding("links", True, told, "`hub review question`")
    raised = sum(one.undone_at is None for one in quality.raises)
    told = f"precision {found.share:.4f} ({found.low:.4f}–{found.high:.4f}) of {found.answered:,} answers, {raised} thresholds raised"
    return DoctorFinding("links", True, told, "`hub review question`" if quality.waiting else None)


def check_models(known: Sequence[Version]) -> DoctorFinding:
    """The model of parties: which version scores, and whether the newest one failed its checks."""
    used = next((one for one in known if one.active), None)
    if used is None and not known:
        return DoctorFinding("linking model", True, "none yet: linking uses rules only")
    by = f"{used.method} ({used.origin.lower()}) is used" if used else "rules alone"
    refused = last_refused(known)
    if refused:
        failed = "; ".join(f"{one.name}: {one.found}" for one in refused.failed)
        step = f"`hub link model show {refused.version}`, then `hub link --train` when the records are better"
        return DoctorFinding("linking model", False, f"{refused.method} was refused ({failed}); {by}", step)
    if used and used.digest != PARTY.digest:
        return DoctorFinding("linking model", False, f"{used.method} is of an earlier specification", "`hub link`")
    return DoctorFinding("linking model", True, by)


def check_webhooks(endpoints: int, backlog: WebhookBacklog, settings: Settings) -> DoctorFinding:
    """Whether receivers can be told of events, and how many they do not have."""
    if not endpoints:
        return DoctorFinding("webhooks", True, "no receiver is registered")
    try:
        load_poster(settings)
    except HubError as error:
        return DoctorFinding("webhooks", False, error.message, error.next_step)
    told = f"{endpoints} receivers, {backlog.waiting:,} events wait, {backlog.dead:,} were given up"
    if backlog.dead:
        step = "`hub webhooks deliveries --state DEAD` says why; then `hub webhooks retry RECEIVER`"
        return DoctorFinding("webhooks", False, told, step)
    return DoctorFinding("webhooks", True, told)


def _try_check(what: str, look: Callable[[], str]) -> DoctorFinding:
    try:
        return DoctorFinding(what, True, look())
    except HubError as error:
        return DoctorFinding(what, False, error.message, error.next_step)
