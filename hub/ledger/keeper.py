"""What keeps the ledger beside its writer: the checkpointer and the delivery to each witness, made from the settings."""

from dataclasses import dataclass

import psycopg

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints import checkpoint_sql as statements
from hub.ledger.checkpoints.checkpointer import Checkpointer
from hub.ledger.checkpoints.document import Checkpoint, LastCheckpoint
from hub.ledger.checkpoints.signing_keys import SigningKey, describe_revoked, load_signing_key
from hub.ledger.witnesses.delivery import WitnessDelivery
from hub.ledger.witnesses.file_witness import FileWitness, read_last_line
from hub.ledger.witnesses.timestamp_witness import TimestampWitness
from hub.ledger.witnesses.webhook_witness import WebhookWitness
from hub.ledger.witnesses.witness import Witness
from hub.settings import Settings
from hub.store.engine import add_silence_timeouts


@dataclass(frozen=True)
class LedgerKeeper:
    """The tasks that keep the ledger of a process."""

    checkpointer: Checkpointer
    deliveries: tuple[WitnessDelivery, ...]

    def open(self) -> None:
        """Begin."""
        self.checkpointer.open()
        for delivery in self.deliveries:
            delivery.open()

    async def close(self) -> None:
        """Make a last checkpoint, give it to the witnesses, and stop. Call it after the writer has ended its chain."""
        await self.checkpointer.make_last()
        for delivery in self.deliveries:
            await delivery.close()
        await self.checkpointer.close()


def make_keeper(settings: Settings, url: str) -> LedgerKeeper:
    """The keeper of the ledger at `url`, a login in the role `hub_ledger`. Raises HubMisconfigured if the signing key cannot be used."""
    checkpointer = Checkpointer(url, load_configured_key(settings))
    return LedgerKeeper(
        checkpointer, tuple(WitnessDelivery(url, witness, checkpointer) for witness in list_witnesses(settings))
    )


def load_configured_key(settings: Settings) -> SigningKey | None:
    """The key of HUB_LEDGER_SIGNING_KEY, if it is set. Raises HubMisconfigured if it cannot be used."""
    return load_signing_key(settings.ledger_signing_key) if settings.ledger_signing_key else None


def refuse_revoked_key(settings: Settings, url: str) -> None:
    """Raise HubMisconfigured if the key of HUB_LEDGER_SIGNING_KEY was revoked. Nothing if it is not set, or the database is away."""
    key = load_configured_key(settings)
    if key is None:
        return
    try:
        with psycopg.connect(add_silence_timeouts(url)) as connection:
            revoked = is_revoked(connection, key.id)
    except psycopg.Error:
        return  # /readyz says it, and no checkpoint is signed before the key was looked for
    if revoked:
        raise describe_revoked(key.id)


def is_revoked(connection: psycopg.Connection[tuple[object, ...]], key: str) -> bool:
    """Whether the ledger says that the signing key with this fingerprint was stolen."""
    row = connection.execute(statements.IS_REVOKED, (key,)).fetchone()
    return row is not None and bool(row[0])


def list_witnesses(settings: Settings) -> list[Witness]:
    """The witnesses that are set."""
    found: list[Witness] = []
    if settings.ledger_witness_file is not None:
        found.append(FileWitness(settings.ledger_witness_file))
    if settings.ledger_witness_url is not None:
        found.append(WebhookWitness(settings.ledger_witness_url.get_secret_value()))
    if settings.ledger_timestamp_url is not None:
        found.append(TimestampWitness(settings.ledger_timestamp_url, settings.ledger_timestamp_every_s))
    return found


def check_witness_file(settings: Settings, url: str) -> None:
    """Compare the last line of HUB_LEDGER_WITNESS_FILE with the database. Nothing if it is not set, or the database is away.

    Raises HubMisconfigured if the file has a checkpoint that the database does not: then a backup was restored, or somebody cut the ledger.
    """
    if settings.ledger_witness_file is None:
        return
    outside = read_last_line(settings.ledger_witness_file)
    if outside is None:
        return
    try:
        with psycopg.connect(add_silence_timeouts(url)) as connection:
            last = read_last_checkpoint(connection)
            row = connection.execute(
                "select document from ledger.checkpoint where number = %s", (outside.number,)
            ).fetchone()
    except psycopg.Error:
        return  # /readyz says it
    if row is not None and Checkpoint(outside.number, row[0], b"", None).hash == outside.hash:
        return
    told = f"another checkpoint {outside.number}" if row is not None else f"checkpoints up to {last.number} only"
    raise HubMisconfigured(
        f"the witness file has checkpoint {outside.number} of the ledger, and the database has {told}:"
        " a backup was restored, or the ledger was cut",
        code="LEDGER_BEHIND_WITNESS",
        next_step="if you restored a backup, run `hub ledger resume --after-restore`; otherwise `hub ledger verify --head` tells more",
    )


def read_last_checkpoint(connection: psycopg.Connection[tuple[object, ...]]) -> LastCheckpoint:
    """Number and hash of the last checkpoint of the database."""
    row = connection.execute(statements.LAST_CHECKPOINT).fetchone()
    if row is None:
        return LastCheckpoint()
    last = Checkpoint(*row)  # type: ignore[arg-type]  # the columns of the table
    return LastCheckpoint(last.number, last.hash)
