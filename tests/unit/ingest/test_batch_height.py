"""A row becomes the same in a small batch, whose columns are worked on together, and in a large one, where each distinct value is once."""

from pathlib import Path

import polars as pl
import pytest

from hub.conform.rows.samples import frame_of, is_nested, prepare_samples, read_samples
from hub.ingest.connectors import load_connector
from hub.ingest.transform.prepare import PreparedPart
from hub.ingest.values.distinct_values import FEW_ROWS
from hub.ingest.values.typed_numbers import find_notations

CONNECTORS = Path(__file__).parents[3] / "connectors"
SAMPLES = [
    path.relative_to(CONNECTORS) for path in sorted(CONNECTORS.glob("*/samples/*.jsonl")) if "expected" not in path.name
]


def shown(part: PreparedPart) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The accepted rows of a part without their numbers, and the rejections of its rows without theirs."""
    return part.accepted.drop("n").to_dicts(), part.rejected.drop("row").to_dicts()


@pytest.mark.parametrize("path", SAMPLES, ids=str)
def test_rows_become_the_same_in_batches_of_any_height(path: Path) -> None:
    manifest, stream = load_connector(CONNECTORS / path.parts[0]), path.stem
    few = frame_of(
        read_samples(CONNECTORS / path),
        nested=is_nested(manifest, stream),
        wanted=find_notations(manifest.streams[stream]),
    )
    copies = FEW_ROWS // few.height + 1
    small = prepare_samples(manifest, stream, few)
    large = prepare_samples(manifest, stream, pl.concat([few] * copies).rechunk())
    for one, many in zip(small.parts, large.parts, strict=True):
        for of_one, of_many in zip(shown(one), shown(many), strict=True):
            assert of_many == of_one * copies
