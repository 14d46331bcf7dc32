"""What a world is: a source system with the rows of the samples, at which the connector's manifest is pointed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel

from hub.conform.rows.sample_mapper import SampleMapper
from hub.conform.rows.samples import Row
from hub.conform.servers.trial_servers import TrialServers, TrialStore
from hub.ingest.run.connector_run import RunReport
from hub.sdk.manifest import Manifest
from hub.sdk.secret_references import EnvReference, FileReference
from hub.sdk.sources import Source

TIMEOUT_S = 1.0
"""How long the hub waits for an answer of a world. A world answers in milliseconds or not at all."""
MAX_ATTEMPTS = 2
PUSH_SECRET = "Y29uZm9ybS1jb25mb3JtLWNvbmZvcm0h"
"""What every reference holds that says who the hub is: base64, since some want it."""

Rows = Mapping[str, Sequence[Row]]
"""Stream → the rows that the source has."""
P = TypeVar("P", bound=BaseModel)


class NotAvailable(Exception):
    """What a world needs is not on this machine."""


class SourceSimulator(ABC):
    """A source system. Use as a context; `manifest` is then the connector's, pointed at it."""

    faults: ClassVar[frozenset[str]] = frozenset()
    """The cases of `hub.conform.cases` that it can play by itself, beside those that are played with rows."""

    def __init__(self, manifest: Manifest, ground: TrialServers) -> None:
        self.declared = manifest
        self.mapper = SampleMapper(manifest)
        self.manifest = manifest
        self.ground = ground
        self.folder = ground.scratch()
        self.fault: str | None = None
        self.stack = ExitStack()

    def __enter__(self) -> "SourceSimulator":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @abstractmethod
    def start(self) -> None:
        """Begin to serve, and point the manifest."""

    @abstractmethod
    def put(self, rows: Rows) -> None:
        """Have these rows from now on, and no others."""

    def break_(self, fault: str) -> None:
        """Misbehave from now on."""
        self.fault = fault

    def heal(self) -> None:
        """Behave again."""
        self.fault = None

    def run(self, store: TrialStore, *, attempts: int | None = None) -> RunReport:
        """Run the connector once; a system that sends has sent what it has before."""
        manifest = self.manifest
        if attempts is not None:
            manifest = manifest.model_copy(update={"source": manifest.source.model_copy(update={"attempts": attempts})})
        return store.run(manifest)

    def release_clients(self) -> None:  # noqa: B027  # optional: most simulators keep no client waiting
        """Let go of whoever waits: the trial has waited long enough."""

    def point(self, values: Mapping[str, str], streams: Mapping[str, BaseModel] | None = None) -> None:
        """Point the manifest here: references of the source by their key, each other one at a secret that is none."""
        source = _refer_to_files(self.declared.source, values, self.folder)
        gentle = {"timeout_s": TIMEOUT_S, "attempts": MAX_ATTEMPTS, "rate": None, "quota": None, "maintenance": ()}
        source = source.model_copy(update={**gentle, "breaker_failures": 1_000})
        changes: dict[str, object] = {"source": source}
        if streams is not None:
            changes["streams"] = dict(streams)
        self.manifest = self.declared.model_copy(update=changes)


def _refer_to_files(source: Source, values: Mapping[str, str], folder: Path) -> Source:
    return _replace_references(source, values, folder, "")


def _replace_references(part: P, values: Mapping[str, str], folder: Path, prefix: str) -> P:
    found: dict[str, object] = {}
    for name, value in part:
        key = f"{prefix}{name}"
        if isinstance(value, EnvReference | FileReference):
            found[name] = write_secret(folder, key, values.get(name, PUSH_SECRET))
        elif isinstance(value, BaseModel):
            found[name] = _replace_references(value, values, folder, f"{key}-")
        elif isinstance(value, dict) and any(isinstance(v, EnvReference | FileReference) for v in value.values()):
            found[name] = {k: write_secret(folder, f"{key}-{k}", values.get(k, PUSH_SECRET)) for k in value}
    return part.model_copy(update=found)


def write_secret(folder: Path, name: str, value: str) -> FileReference:
    """A reference to a value, in a file."""
    path = folder / f"write_secret-{name}"
    path.write_text(value, encoding="utf-8")
    return FileReference(file=str(path))
