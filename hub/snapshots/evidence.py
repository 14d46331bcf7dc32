"""Evidence: what a register said of one requirement when a snapshot was kept, as a signed statement to hand on. Pure.

Two forms: JSON with a detached JWS beside it, and an SD-JWT VC whose values its holder can leave out one by one. Only an answer
that was HELD is stated, and only values whose links are CONFIRMED: a guess is no evidence.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from hub.errors import OperationRefused
from hub.ledger.checkpoints.signing_keys import SigningKey
from hub.snapshots.canonical import canonical_bytes
from hub.snapshots.records import PrefillSnapshot
from hub.snapshots.sd_jwt import issue_sd_jwt, read_sd_jwt
from hub.snapshots.signatures import is_signed_with, sign_detached

FORM = "hub-evidence-1"
EVIDENCE_TYPE = "hub-evidence"
"""`typ` of the detached signature: no signature of a receipt can pass for one of evidence."""
CREDENTIAL_TYPE = "urn:cross-sector-hub:evidence:1"
DEFAULT_ISSUER = "urn:cross-sector-hub"
"""Where HUB_PUBLIC_URL is not set."""
EVIDENCE_PATH = "evidence"
"""Stands in the ledger beside the fields of the snapshot."""
MAX_EVIDENCE_BYTES = 1_000_000
LEFT_OUT = frozenset({"linkStatus", "losingValues", "recordId", "corrections"})
SURE_LINKS = (None, "CONFIRMED")


def make_evidence(snapshot: PrefillSnapshot, requirement: str, role: str | None = None) -> dict[str, Any]:
    """The statement about a requirement, for one role if it is asked of several.

    Raises OperationRefused with EVIDENCE_REFUSED if it was not held for sure, and as `read_answer` does.
    """
    answer = snapshot.read_answer()
    found = [
        one
        for one in answer["answers"]
        if one["requirement"]["code"] == requirement and (role is None or one["role"] == role)
    ]
    if not found:
        raise _refuse("the snapshot has no answer to this requirement", "see `hub procedures show` for the codes")
    if len({one["role"] for one in found}) > 1:
        raise _refuse("the requirement is asked of several roles", "name one role")
    values = [value for one in found for value in one["values"]]
    if not values or any(one["status"] != "HELD" for one in found):
        raise _refuse("the requirement was not held, so no register can be quoted", "see `hub snapshots list`")
    if any(value["linkStatus"] not in SURE_LINKS for value in values):
        raise _refuse(
            "a value rests on a link that is not confirmed", "have the link reviewed, and keep a new snapshot"
        )
    if any(value["source"] is None or value["asOf"] is None for value in values):
        raise _refuse("the value was computed, or its register gave no instant", "quote the values that it rests on")
    return {
        "form": FORM,
        "procedure": {name: answer["procedure"][name] for name in ("code", "version")},
        "requirement": {name: found[0]["requirement"][name] for name in ("code", "label")},
        "role": found[0]["role"],
        "answeredAt": answer["at"],
        "registers": sorted({value["source"] for value in values}),
        "asOf": min(value["asOf"] for value in values),
        "snapshot": {"number": snapshot.id, "sha256": snapshot.digest.hex()},
        "values": [{name: part for name, part in value.items() if name not in LEFT_OUT} for value in values],
    }


def encode_json_evidence(content: Mapping[str, Any], key: SigningKey) -> bytes:
    """The statement and its detached signature, as one JSON document."""
    signature = sign_detached(canonical_bytes(content), key, EVIDENCE_TYPE)
    return orjson.dumps({"content": content, "signature": signature}, option=orjson.OPT_INDENT_2) + b"\n"


def encode_credential(content: Mapping[str, Any], key: SigningKey, issuer: str) -> bytes:
    """The statement as an SD-JWT VC: its values are disclosures, the rest is always there."""
    open_claims = {name: part for name, part in content.items() if name != "values"}
    hidden = {f"value{number}": value for number, value in enumerate(content["values"], 1)}
    return issue_sd_jwt({"iss": issuer, "vct": CREDENTIAL_TYPE, **open_claims}, hidden, key).encode() + b"\n"


def verify_evidence(text: bytes, keys: Mapping[str, bytes]) -> tuple[str, dict[str, Any]]:
    """The id of the key that signed, and the statement with the values that it discloses. No network, no store.

    Raises OperationRefused with EVIDENCE_INVALID.
    """
    if len(text) > MAX_EVIDENCE_BYTES:
        raise refuse_evidence(f"the file has more than {MAX_EVIDENCE_BYTES:,} bytes")
    for name, public in keys.items():
        found = _read_json(text, public) if text.lstrip()[:1] == b"{" else _read_credential(text, public)
        if found is not None:
            return name, found
    raise refuse_evidence("none of the keys has signed this, or it was changed")


def _read_json(text: bytes, public: bytes) -> dict[str, Any] | None:
    try:
        read = orjson.loads(text)
        content, signature = read["content"], read["signature"]
        is_signed = isinstance(signature, str) and is_signed_with(
            canonical_bytes(content), signature, public, EVIDENCE_TYPE
        )
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise refuse_evidence("the file is no evidence") from None
    return content if is_signed and isinstance(content, dict) and content.get("form") == FORM else None


def _read_credential(text: bytes, public: bytes) -> dict[str, Any] | None:
    try:
        claims = read_sd_jwt(text.decode("ascii").strip(), public)
    except (ValueError, UnicodeDecodeError):
        raise refuse_evidence("the file is no evidence, or a disclosure was changed") from None
    if claims is None or claims.get("vct") != CREDENTIAL_TYPE or claims.get("form") != FORM:
        return None
    disclosed = [claims.pop(name) for name in sorted(claims) if name.startswith("value")]
    return {**claims, "values": disclosed}


def refuse_evidence(message: str) -> OperationRefused:
    """The refusal of a file that proves nothing."""
    return OperationRefused(
        message,
        code="EVIDENCE_INVALID",
        next_step="give the file as the hub wrote it, and the .pub file of the hub's key",
    )


def _refuse(message: str, next_step: str) -> OperationRefused:
    return OperationRefused(message, code="EVIDENCE_REFUSED", next_step=next_step)
