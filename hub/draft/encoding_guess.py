"""Guesses the encoding of a text file from its first bytes: UTF-8, UTF-16, or one of the Vietnamese encodings."""

from hub.ingest.values.vietnamese_codecs import CODEC_NAMES, vietnamese_share

SNIFFED_BYTES = 65_536


ENCODINGS = ("utf-8", "utf-16")


OLD_ENCODINGS = ("cp1258", *CODEC_NAMES)
"""Encodings of Vietnamese in which nearly any byte is a letter."""


def guess_encoding(head: bytes) -> str:
    """How the beginning of a file is encoded. Any byte is a letter of the old encodings: the one counts that makes syllables."""
    found = next((name for name in ENCODINGS if _decodes(head, name)), None)
    if found is not None:
        return found
    return max(OLD_ENCODINGS, key=lambda name: vietnamese_share(head.decode(name, "replace")))


def _decodes(head: bytes, encoding: str) -> bool:
    if encoding == "utf-16" and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    try:
        # The last letter may be cut in two.
        head[: len(head) - 4 if len(head) == SNIFFED_BYTES else None].decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
