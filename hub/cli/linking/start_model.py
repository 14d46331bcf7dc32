"""Build the start model: the demonstration's province is made, read and linked in a folder of its own, and its model taken."""

import os
import tempfile
from pathlib import Path

import psycopg

from hub.cli.terminal import OUT
from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.errors import OperationRefused
from hub.ingest.run.connector_run import sync_connectors
from hub.link.likeness.trained import read_model
from hub.link.model.frozen import Model
from hub.link.model.party import PARTY
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer


def build_start(out: Path, /, *, citizens: int = 10_000) -> None:
    """Build the start model from the demonstration's province, as it is shipped with the program. Needs no store.

    Parameters
    ----------
    out
        The file to write.
    citizens
        People in the province that it is learned from.
    """
    model = build_start_model(citizens)
    out.write_bytes(model.to_bytes())
    OUT.print(f"{out}: {out.stat().st_size:,} bytes, learned from {model.trained_on.left:,} parties")


def build_start_model(citizens: int) -> Model:
    """The model that this province teaches; the same each time but for the last digits. Raises OperationRefused if it fails its
    checks."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-start-model-") as folder,
        EmbeddedServer.start(Path(folder) / "postgresql", durable=False) as server,
    ):
        province = generate_province(Path(folder) / "province", citizens)
        server.create_database("hub")
        made = make_engine(server.url("hub"))
        try:
            migrate_store(made)
            with start_systems(Path(province.folder), server.url("postgres")) as systems:
                os.environ.update(systems.environment)
                sync_connectors(made)
            report = run_linking(made, train=True)
        finally:
            made.dispose()
        if report.refused:
            failed = "; ".join(f"{one.name}: {one.found}" for one in report.refused.failed)
            raise OperationRefused(
                f"the model failed its checks: {failed}", next_step="correct the specification", code="MODEL_REFUSED"
            )
        with psycopg.connect(server.url("hub")) as connection:
            return read_model(connection, PARTY.name).model
