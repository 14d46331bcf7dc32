"""The check of a connector: lint, samples, damage, deletes, drift, chaos; and the grade that comes of it.

C: lint and samples. B: C, and rows that are damaged, deleted or of other columns. A: B, and every case of chaos that applies.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal

from hub.conform import trials
from hub.conform.chaos import run_chaos_cases
from hub.conform.damage import try_damaged_rows
from hub.conform.differences import find_differences
from hub.conform.lint import lint_connector
from hub.conform.rows import samples
from hub.conform.rows.row_edits import sort_rows
from hub.conform.servers.simulators.base import NotAvailable, SourceSimulator
from hub.conform.servers.simulators.mariadb import is_mariadb
from hub.conform.servers.trial_servers import TrialServers
from hub.conform.trials import TrialFailed, TrialState
from hub.errors import HubError
from hub.extras import name_missing_extra
from hub.sdk.manifest import GradeLetter, Manifest

Part = Literal["lint", "samples", "damage", "deletes", "drift", "chaos"]
Status = Literal["passed", "failed", "not applicable", "not run"]
SIMULATOR_CLASSES: Mapping[str, str] = {
    "cdc": "hub.conform.servers.simulators.cdc:CdcSimulator",
    "files": "hub.conform.servers.simulators.files:FilesSimulator",
    "rest": "hub.conform.servers.simulators.rest:RestSimulator",
    "soap": "hub.conform.servers.simulators.soap:SoapSimulator",
    "sql": "hub.conform.servers.simulators.sql:SqlSimulator",
    "push": "hub.conform.servers.simulators.messages:PushSimulator",
    "stream": "hub.conform.servers.simulators.messages:JetStreamSimulator",
}
"""Kind of source → its world."""
MARIADB_CLASS = "hub.conform.servers.simulators.mariadb:MariaDbSimulator"
UNKNOWN_BACKEND = "read from PostgreSQL: the source's address is not set here, and says which database it is"
NEEDED_PARTS: Mapping[GradeLetter, tuple[Part, ...]] = {
    "A": ("lint", "samples", "damage", "deletes", "drift", "chaos"),
    "B": ("lint", "samples", "damage", "deletes", "drift"),
    "C": ("lint", "samples"),
}
"""GradeLetter → the requirements for it, best first."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class CaseResult:
    """One case: what came of it, and why where it did not pass."""

    part: Part
    case: str
    status: Status
    detail: str = ""


@dataclass
class ConnectorGrade:
    """The findings on one connector."""

    connector: str
    kind: str
    stated: GradeLetter | None
    results: list[CaseResult] = field(default_factory=list)

    def of(self, part: Part) -> list[CaseResult]:
        """The results of one part."""
        return [result for result in self.results if result.part == part]

    def holds(self, part: Part) -> bool:
        """Whether a part was tried, and nothing of it failed or could not be run."""
        return bool(self.of(part)) and all(r.status in ("passed", "not applicable") for r in self.of(part))

    def counted(self, part: Part) -> str:
        """How much of a part passed, as a person reads it."""
        found = self.of(part)
        tried = [result for result in found if result.status in ("passed", "failed")]
        if not found:
            return "–"
        if not tried:
            return found[0].status
        return f"{sum(result.status == 'passed' for result in tried)}/{len(tried)}"

    @property
    def grade(self) -> GradeLetter | None:
        """The best grade whose parts all hold."""
        return next((grade for grade, parts in NEEDED_PARTS.items() if all(map(self.holds, parts))), None)

    @property
    def conforms(self) -> bool:
        """Whether the connector has the grade that its manifest states. A grade that could not be measured is not had."""
        return self.stated is not None and self.grade == self.stated


def check_connector(manifest: Manifest, ground: TrialServers, tell: Told = lambda words: None) -> ConnectorGrade:
    """Check one connector; `tell` is called with each step."""
    checked = ConnectorGrade(manifest.name, manifest.kind, manifest.grade)
    tell("lint")
    faults = lint_connector(manifest)
    checked.results += [CaseResult("lint", "folder", "failed", fault) for fault in faults] or [
        CaseResult("lint", "folder", "passed")
    ]
    if any("samples/" in fault for fault in faults):
        return checked
    tell("samples")
    checked.results += _check_samples(manifest)
    if not checked.holds("samples"):
        return checked
    checked.results += _run_trials(manifest, ground, tell)
    return checked


def _check_samples(manifest: Manifest) -> Iterator[CaseResult]:
    for stream in manifest.streams:
        try:
            wrong = find_differences(manifest, stream)
        except HubError as error:
            wrong = [str(error)]
        shown = f"{'; '.join(wrong[:3])}{f'; and {len(wrong) - 3} more' if len(wrong) > 3 else ''}"
        yield CaseResult("samples", f"{stream}: mapped as expected", "failed" if wrong else "passed", shown)


def _run_trials(manifest: Manifest, ground: TrialServers, tell: Told) -> Iterator[CaseResult]:
    kind = MARIADB_CLASS if is_mariadb(manifest) else SIMULATOR_CLASSES.get(manifest.kind)
    if kind is None:
        yield CaseResult("samples", "read", "not run", f"the kit has no source of kind {manifest.kind}")
        return
    where = UNKNOWN_BACKEND if is_mariadb(manifest) is None else ""
    module, _, name = kind.partition(":")
    with name_missing_extra(f"checking a connector of kind {manifest.kind}"):
        world: SourceSimulator = getattr(import_module(module), name)(manifest, ground)
    with ExitStack() as stack:
        try:
            stack.enter_context(world)
            tried = stack.enter_context(_prepare_trials(world, ground))
        except NotAvailable as lacking:
            yield CaseResult("samples", "read", "not run", str(lacking))
            return
        except (TrialFailed, HubError) as failure:
            yield CaseResult("samples", "read, and read again", "failed", str(failure))
            return
        yield CaseResult("samples", "read, and read again", "passed", where)
        for part, run in (("damage", try_damaged_rows), ("deletes", trials.try_deletes), ("drift", trials.try_drift)):
            tell(part)
            yield from _list_results(part, run(tried, ground))  # type: ignore[arg-type]  # the names of the tuple are parts
        for case, reason, wrong in run_chaos_cases(tried, ground):
            tell(case.words)
            status: Status = "not applicable" if reason else "failed" if wrong else "passed"
            yield CaseResult("chaos", case.name, status, reason or wrong or case.words)


def _list_results(part: Part, found: Iterator[tuple[str, str | None]]) -> Iterator[CaseResult]:
    for case, wrong in found:
        yield CaseResult(part, case, "failed" if wrong else "passed", wrong or "")


@contextmanager
def _prepare_trials(world: SourceSimulator, ground: TrialServers) -> Iterator[TrialState]:
    """The world with its rows, and the stores that the trials are copies of."""
    rows = {
        name: sort_rows(stream, samples.read_samples(samples.path_of(world.declared, name)))
        for name, stream in world.declared.streams.items()
    }
    later = trials.hold_back_rows(world.mapper, rows)
    fewer = trials.set_day_before(world.declared, rows, later)
    with ground.store() as full, ground.store() as prior:
        target = trials.try_unchanged_rows(world, full, rows)
        world.put(fewer)
        trials.require_success(world.run(prior))
        yield TrialState(world, rows, later, fewer, full, prior, target, prior.held(world.manifest))
