"""A source that is followed: each file that appears in a folder is a message, read in the order of its name."""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.read.reader import ReadBatch, Reader, ReadState
from hub.sdk.manifest import Manifest, parse_manifest
from tests.system.trial import HEADER
from tests.system.trial import manifest as files


def manifest() -> Manifest:
    """A connector of one stream of citizens."""
    people = files("TRIAL_FOLDER").model_dump(mode="json", by_alias=True, exclude_unset=True)["streams"]["people"]
    kept = {name: people[name] for name in ("key", "changed_at", "ignore", "emits")}
    label = {"vi": "Thử", "en": "Test"}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "7", "freshness": "-"}
    source = {"kind": "stream", "url": {"env": "TRIAL_FOLDER"}, "jetstream": "x"}
    streams = {"people": {"subject": "x", "durable": "x", **kept}}
    return parse_manifest({"name": "followed", "source": source, "streams": streams, **facts})


class Followed(Reader):
    """Reads the files of a folder, and waits for more."""

    def whole(self, state: ReadState | None) -> bool:
        """Never: it says what changed."""
        return False

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Each file once, by its number."""
        folder = Path(os.environ["TRIAL_FOLDER"])
        done = int(state["done"]) if state else 0
        while True:
            with self.context.gate:
                if (folder / "broken").exists():
                    raise SourceUnavailable(f"{self.context.where}: the source broke off", next_step="wait")
                for path in sorted(folder.glob("*.json")):
                    if int(path.stem) > done:
                        done = int(path.stem)
                        row = dict(zip(HEADER.strip().split(";"), path.read_text().split(";"), strict=True))
                        yield ReadBatch(pl.DataFrame([row]), {"done": done}, commit=True)
            if self.context.follow is None or self.context.follow.wait(0.05):
                return
