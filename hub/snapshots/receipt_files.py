"""A receipt as a file, page or PDF: signed as a whole, and read back. Pure.

Two signatures stand in a file. One is over the content. The other is over every byte of the file, with full stops where that signature
itself stands: so whoever checks the file needs no renderer, and a later version of the hub, or another program, can do it.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from hub.ledger.checkpoints.signing_keys import SigningKey
from hub.snapshots.canonical import canonical_bytes
from hub.snapshots.receipt_page import Json
from hub.snapshots.signatures import sign_detached

FILE_TYPE = "hub-receipt-file"
"""In the signed header of the signature over the file."""
MAX_FILE_BYTES = 4_000_000
PDF_START = b"%PDF-"
BLANK = b"."
IN_PAGE = re.compile(
    rb'<pre id="content">([^<]*)</pre>\n<pre id="signature">([^<]*)</pre>(?:\n<pre id="file-signature">([^<]*)</pre>)?'
)
IN_PDF = re.compile(rb"\(hub-receipt:([A-Za-z0-9+/=]*)\.([A-Za-z0-9+/=]*)(?: hub-receipt-file:([A-Za-z0-9_.-]*))?\)")

Render = Callable[[Json, str | None, str | None, str], bytes]
"""Makes a file of the content, its signature, the key's id, and what stands where the signature over the file will be."""


@dataclass(frozen=True)
class ReceiptFile:
    """The parts of a file: its content, the signature over it, and the one over `covered` (empty in files of older versions)."""

    content: bytes
    signature: str
    file_signature: str
    covered: bytes


def make_receipt_file(render: Render, content: Json, key: SigningKey | None) -> bytes:
    """The file of a receipt, signed if there is a key. The same receipt and key always give the same bytes."""
    if key is None:
        return render(content, None, None, "")
    blank = BLANK * len(sign_detached(b"", key, FILE_TYPE))
    file = render(content, sign_detached(canonical_bytes(content), key), key.id, blank.decode())
    found = _find(file)
    assert found is not None  # a render puts it there
    start, end = found.span(3)
    return file[:start] + sign_detached(file, key, FILE_TYPE).encode() + file[end:]


def read_receipt_file(file: bytes) -> ReceiptFile | None:
    """The parts of a receipt's file; None if the file is not a receipt."""
    found = _find(file)
    if found is None:
        return None
    try:
        if file.startswith(PDF_START):
            content, signature = (base64.b64decode(part, validate=True) for part in found.group(1, 2))
        else:
            content, signature = (unescape(part.decode()).encode() for part in found.group(1, 2))
        start, end = found.span(3)
        covered = file[:start] + BLANK * (end - start) + file[end:] if found[3] else b""
        return ReceiptFile(content, signature.decode("ascii"), (found[3] or b"").decode("ascii"), covered)
    except ValueError:
        return None


def _find(file: bytes) -> re.Match[bytes] | None:
    return (IN_PDF if file.startswith(PDF_START) else IN_PAGE).search(file)
