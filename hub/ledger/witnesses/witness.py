"""What a witness is, and the line by which a checkpoint is given to one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import orjson

from hub.errors import SourceUnavailable
from hub.ledger.checkpoints.document import Checkpoint


class WitnessUnavailable(SourceUnavailable):
    """The witness did not take the checkpoints."""

    code = "WITNESS_UNAVAILABLE"


class Witness(Protocol):
    """Takes checkpoints in the order of their numbers."""

    name: str
    newest_only: bool
    """Whether the newest checkpoint stands for those before it, which its hash covers."""
    every_s: float
    """How long it is left alone after a delivery."""

    async def deliver(self, checkpoints: Sequence[Checkpoint]) -> Mapping[int, bytes]:
        """Return when the witness has them, with the receipts to be kept, by number. Raises WitnessUnavailable."""
        ...


def encode_line(checkpoint: Checkpoint) -> bytes:
    """A checkpoint as a line of JSON: the document as text, and its signature in hexadecimal. It can be checked by itself."""
    signature = checkpoint.signature.hex() if checkpoint.signature else None
    return orjson.dumps({"document": checkpoint.document.decode(), "signature": signature}) + b"\n"


def encode_lines(checkpoints: Iterable[Checkpoint]) -> bytes:
    """Lines of checkpoints, one after the other."""
    return b"".join(map(encode_line, checkpoints))


def decode_line(line: bytes) -> Checkpoint:
    """The checkpoint of a line, without heads. Raises ValueError if it is none."""
    try:
        said = orjson.loads(line)
        document = said["document"].encode()
        number = orjson.loads(document)["number"]
        signature = bytes.fromhex(said["signature"]) if said["signature"] else None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a line of a witness") from error
    if not isinstance(number, int):
        raise ValueError("not a line of a witness")  # a line of a file, not an argument
    return Checkpoint(number, document, b"", signature)
