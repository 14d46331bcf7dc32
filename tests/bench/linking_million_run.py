"""One run of the model over two files, in a process of its own: `python -m tests.bench.linking_million_run FOLDER [LINKS MODEL]`.

The engine is the one of the hub's settings. With LINKS, the decided pairs are written to that Parquet file, and a model is learned only if
there is no file MODEL, which then holds the one that was learned.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from hub.link.model.commune_neighbours import add_surroundings
from hub.link.model.frozen import from_bytes
from hub.link.model.party import PARTY
from hub.link.model.scoring.backends import open_configured_backend
from hub.link.model.scoring.decide import PairBand, one_to_many
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.train import train_model
from hub.link.normalise.party import INPUT, party_features
from hub.settings import load_settings
from tests.bench.harness import peak_mb

TRUTH = "subject"
"""Column of both files, which the model is not given: the person's true identifier, empty for one whom the register does not hold."""


def main() -> None:
    """Link parties.parquet to register.parquet; print seconds and peak memory in MB by step, and counts by the truth."""
    folder, found = Path(sys.argv[1]), {}
    links, stored = (Path(path) for path in sys.argv[2:]) if len(sys.argv) > 2 else (None, None)
    with _step("features", found):
        parties, register = (_features(folder / f"{side}.parquet") for side in ("parties", "register"))
        former = pl.read_parquet(folder / "register.parquet", columns=["former_id"])["former_id"]
        register = register.with_columns(former)
    with open_configured_backend(load_settings(), folder) as backend:
        with _step("training", found):
            if stored is not None and stored.exists():
                model = from_bytes(stored.read_bytes())
            else:
                model = train_model(PARTY, parties, register, backend=backend)
        with _step("scoring", found):
            pairs = score_pairs(model, parties, register, backend=backend, floor=PARTY.bands.review)
            decided = one_to_many(pairs, PARTY.bands)
    if links is not None and stored is not None:
        decided.select("left_key", "right_key", "weight", "band").write_parquet(links)
        stored.write_bytes(model.to_bytes())
    print(json.dumps({**found, "peak_mb": peak_mb(), "pairs": decided.height, **_counted(folder, decided)}))


@contextmanager
def _step(name: str, found: dict[str, float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    found |= {f"{name}_s": time.monotonic() - started, f"{name}_mb": peak_mb()}


def _features(path: Path) -> pl.DataFrame:
    return add_surroundings(party_features(pl.read_parquet(path, columns=list(INPUT))))


def _counted(folder: Path, pairs: pl.DataFrame) -> dict[str, int]:
    """How many pairs are accepted, and of those how many rightly; how many parties are the register's to know, and how many of
    these have the right citizen among what was accepted or is for review."""
    truth = {
        side: pl.read_parquet(folder / f"{file}.parquet", columns=["key", TRUTH]).cast(pl.String)
        for side, file in (("left", "parties"), ("right", "register"))
    }
    judged = pairs.select("left_key", "right_key", "band")
    for side, keys in truth.items():
        judged = judged.join(keys.rename({"key": f"{side}_key", TRUTH: side}), on=f"{side}_key", how="left")
    right = judged.filter(pl.col("left") == pl.col("right"))
    known = truth["left"].join(truth["right"], on=TRUTH, how="semi")
    accepted = pl.col("band") == PairBand.ACCEPT
    return {
        "accepted": judged.filter(accepted).height,
        "right": right.filter(accepted).height,
        "linkable": known.height,
        "reachable": right.filter(pl.col("band") != PairBand.REJECT)["left_key"].n_unique(),
    }


if __name__ == "__main__":
    main()
