"""Evidence: what is stated, what is refused, and that neither form survives a change."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.errors import OperationRefused
from hub.ledger.checkpoints.signing_keys import SigningKey, create_signing_key
from hub.snapshots.canonical import canonical_bytes
from hub.snapshots.evidence import encode_credential, encode_json_evidence, make_evidence, verify_evidence
from hub.snapshots.sd_jwt import issue_sd_jwt, read_sd_jwt
from hub.snapshots.signatures import sign_detached
from tests.unit.snapshots.test_receipts import NEW, OLD, PLANTED, answer, prefill, snapshot, value


def linked(status: str | None, source: str | None = "population", as_of: str | None = NEW) -> dict[str, Any]:
    return {**value(source, as_of), "field": "fullName", "linkStatus": status, "losingValues": [], "recordId": "Q2l0"}


CONTENT = make_evidence(
    snapshot(prefill(answer("name", "HELD", linked(None), linked("CONFIRMED", "land", OLD)))), "name"
)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_signing_key(tmp_path / "key.pem")


def keys(key: SigningKey) -> dict[str, bytes]:
    return {key.id: key.public}


def test_a_statement_names_registers_and_the_oldest_instant_and_no_link() -> None:
    assert (CONTENT["registers"], CONTENT["asOf"]) == (["land", "population"], OLD)
    assert [sorted(one) for one in CONTENT["values"]] == [["asOf", "display", "field", "source", "text"]] * 2


@pytest.mark.parametrize(
    ("answers", "role"),
    [
        ([answer("name", "HELD", linked("UNCONFIRMED"))], None),
        ([answer("name", "HELD", linked("PROBABLE"))], None),
        ([answer("name", "HELD", linked(None), linked("UNLINKED"))], None),
        ([answer("name", "STALE", linked(None))], None),
        ([answer("name", "HELD", linked(None)), answer("name", "CONTRADICTORY", linked(None))], None),
        ([answer("name", "HELD")], None),
        ([answer("name", "HELD", linked(None, None, None))], None),
        ([answer("name", "HELD", linked(None)), answer("name", "HELD", linked(None), role="buyer")], None),
        ([answer("name", "HELD", linked(None))], "buyer"),
        ([answer("other", "HELD", linked(None))], None),
    ],
)
def test_what_is_not_held_for_sure_is_not_stated(answers: list[dict[str, Any]], role: str | None) -> None:
    with pytest.raises(OperationRefused) as refused:
        make_evidence(snapshot(prefill(*answers)), "name", role)
    assert refused.value.code == "EVIDENCE_REFUSED"
    assert PLANTED not in str(refused.value)


def test_both_forms_are_verified_with_the_public_key_alone(key: SigningKey, tmp_path: Path) -> None:
    other = create_signing_key(tmp_path / "other.pem")
    for text in (encode_json_evidence(CONTENT, key), encode_credential(CONTENT, key, "urn:hub")):
        signer, content = verify_evidence(text, {**keys(other), **keys(key)})
        assert signer == key.id
        assert content["values"] == CONTENT["values"]
        assert code_of(text, other) == "EVIDENCE_INVALID"


def test_a_changed_statement_is_refused(key: SigningKey) -> None:
    text = encode_json_evidence(CONTENT, key)
    assert code_of(text.replace(OLD.encode(), NEW.encode()), key) == "EVIDENCE_INVALID"
    receipt = {"content": CONTENT, "signature": sign_detached(canonical_bytes(CONTENT), key)}
    assert code_of(orjson.dumps(receipt), key) == "EVIDENCE_INVALID", "signed as a receipt"
    for wrong in (b"", b"{", b"{}", b"[1]", b"a.b.c~", "~é~".encode(), b"x" * 1_000_001):
        assert code_of(wrong, key) == "EVIDENCE_INVALID"


def test_values_can_be_left_out_and_not_put_in(key: SigningKey) -> None:
    text = encode_credential(CONTENT, key, "urn:hub").decode().strip()
    token, first, second, _ = text.split("~")
    assert verify_evidence(f"{token}~{second}~".encode(), keys(key))[1]["values"] == [CONTENT["values"][1]]
    assert PLANTED not in token
    other = encode_credential(CONTENT, key, "urn:hub").decode().split("~")[1]  # the same value with another salt
    for changed in (f"{token}~{other}~", f"{token}~{first}~{first}~", f"{token}~{first}", f"{token[:-4]}AAAA~{first}~"):
        assert code_of(changed.encode(), key) == "EVIDENCE_INVALID", changed[-20:]


def test_a_disclosure_does_not_take_the_name_of_a_claim(key: SigningKey) -> None:
    for name in ("iss", "_sd", "..."):
        with pytest.raises(ValueError, match="name of a claim"):
            read_sd_jwt(issue_sd_jwt({"iss": "a"}, {name: "b"}, key), key.public)


def code_of(text: bytes, key: SigningKey) -> str:
    with pytest.raises(OperationRefused) as refused:
        verify_evidence(text, keys(key))
    return refused.value.code
