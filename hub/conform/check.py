"""The check of a connector: lint, samples, damage, deletes, drift, chaos; and the grade that comes of it.

C: lint and samples. B: C, and rows that are damaged, deleted or of other columns. A: B, and every case of chaos that applies.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal

from hub.conform import samples, trials
from hub.conform.chaos import chaos
from hub.conform.damage import damaged
from hub.conform.differences import differences
from hub.conform.ground import Ground
from hub.conform.lint import lint
from hub.conform.rows import arrange
from hub.conform.trials import Failure, Tried
from hub.conform.worlds.base import NotHere, World
from hub.conform.worlds.mariadb import is_mariadb
from hub.errors import HubError
from hub.sdk.manifest import Grade, Manifest

Part = Literal["lint", "samples", "damage", "deletes", "drift", "chaos"]
Status = Literal["passed", "failed", "not applicable", "not run"]
WORLDS: Mapping[str, str] = {
    "cdc": "hub.conform.worlds.cdc:CdcWorld",
    "files": "hub.conform.worlds.files:FilesWorld",
    "rest": "hub.conform.worlds.rest:RestWorld",
    "soap": "hub.conform.worlds.soap:SoapWorld",
    "sql": "hub.conform.worlds.sql:SqlWorld",
    "push": "hub.conform.worlds.messages:PushWorld",
    "stream": "hub.conform.worlds.messages:EventWorld",
}
"""Kind of source → its world."""
MARIADB = "hub.conform.worlds.mariadb:MariaDbWorld"
UNKNOWN = "read from PostgreSQL: the source's address is not set here, and says which database it is"
NEEDED: Mapping[Grade, tuple[Part, ...]] = {
    "A": ("lint", "samples", "damage", "deletes", "drift", "chaos"),
    "B": ("lint", "samples", "damage", "deletes", "drift"),
    "C": ("lint", "samples"),
}
"""Grade → what has to hold for it, best first."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """One case: what came of it, and why where it did not pass."""

    part: Part
    case: str
    status: Status
    detail: str = ""


@dataclass
class Checked:
    """What was found of one connector."""

    connector: str
    kind: str
    stated: Grade | None
    results: list[Result] = field(default_factory=list)

    def of(self, part: Part) -> list[Result]:
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
    def grade(self) -> Grade | None:
        """The best grade whose parts all hold."""
        return next((grade for grade, parts in NEEDED.items() if all(map(self.holds, parts))), None)

    @property
    def conforms(self) -> bool:
        """Whether the connector has the grade that its manifest states. A grade that could not be measured is not had."""
        return self.stated is not None and self.grade == self.stated


def check(manifest: Manifest, ground: Ground, tell: Told = lambda words: None) -> Checked:
    """Check one connector; `tell` hears what is looked at."""
    checked = Checked(manifest.name, manifest.kind, manifest.grade)
    tell("lint")
    faults = lint(manifest)
    checked.results += [Result("lint", "folder", "failed", fault) for fault in faults] or [
        Result("lint", "folder", "passed")
    ]
    if any("samples/" in fault for fault in faults):
        return checked
    tell("samples")
    checked.results += _samples(manifest)
    if not checked.holds("samples"):
        return checked
    checked.results += _trials(manifest, ground, tell)
    return checked


def _samples(manifest: Manifest) -> Iterator[Result]:
    for stream in manifest.streams:
        try:
            wrong = differences(manifest, stream)
        except HubError as error:
            wrong = [str(error)]
        shown = f"{'; '.join(wrong[:3])}{f'; and {len(wrong) - 3} more' if len(wrong) > 3 else ''}"
        yield Result("samples", f"{stream}: mapped as expected", "failed" if wrong else "passed", shown)


def _trials(manifest: Manifest, ground: Ground, tell: Told) -> Iterator[Result]:
    kind = MARIADB if is_mariadb(manifest) else WORLDS.get(manifest.kind)
    if kind is None:
        yield Result("samples", "read", "not run", f"the kit has no source of kind {manifest.kind}")
        return
    where = UNKNOWN if is_mariadb(manifest) is None else ""
    module, _, name = kind.partition(":")
    world: World = getattr(import_module(module), name)(manifest, ground)
    with ExitStack() as stack:
        try:
            stack.enter_context(world)
            tried = stack.enter_context(_tried(world, ground))
        except NotHere as lacking:
            yield Result("samples", "read", "not run", str(lacking))
            return
        except (Failure, HubError) as failure:
            yield Result("samples", "read, and read again", "failed", str(failure))
            return
        yield Result("samples", "read, and read again", "passed", where)
        for part, run in (("damage", damaged), ("deletes", trials.deleted), ("drift", trials.drifted)):
            tell(part)
            yield from _each(part, run(tried, ground))  # type: ignore[arg-type]  # the names of the tuple are parts
        for case, reason, wrong in chaos(tried, ground):
            tell(case.words)
            status: Status = "not applicable" if reason else "failed" if wrong else "passed"
            yield Result("chaos", case.name, status, reason or wrong or case.words)


def _each(part: Part, found: Iterator[tuple[str, str | None]]) -> Iterator[Result]:
    for case, wrong in found:
        yield Result(part, case, "failed" if wrong else "passed", wrong or "")


@contextmanager
def _tried(world: World, ground: Ground) -> Iterator[Tried]:
    """The world with its rows, and the stores that the trials are copies of."""
    rows = {
        name: arrange(stream, samples.read(samples.path_of(world.declared, name)))
        for name, stream in world.declared.streams.items()
    }
    later = trials.held_back(world.declared, rows)
    fewer = trials.day_before(world.declared, rows, later)
    with ground.store() as full, ground.store() as prior:
        target = trials.as_they_are(world, full, rows)
        world.put(fewer)
        trials.healthy(world.run(prior))
        yield Tried(world, rows, later, fewer, full, prior, target, prior.held(world.manifest))
