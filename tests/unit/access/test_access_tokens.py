"""Access tokens: those that are accepted, and the published ways of forging one."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from hub.access.callers.principals import AuthenticationRefused, TokenExpired, TokenInvalid
from hub.access.oidc.access_tokens import CLOCK_SKEW_S, MAX_LIFETIME_S, MAX_TOKEN_BYTES, parse_algorithms
from hub.errors import HubMisconfigured
from tests.unit.access.token_maker import CHECKER, EC, KEYS, NOW, RSA, claims, encode, encode_part, signed


def check(token: bytes) -> Mapping[str, Any]:
    return asyncio.run(CHECKER.claims(token))


def refuse(token: bytes) -> AuthenticationRefused:
    """How a token is refused; the claims of a token are never in the message."""
    with pytest.raises(AuthenticationRefused) as refused:
        check(token)
    assert "u1" not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signed_token_is_accepted(algorithm: str) -> None:
    assert check(signed(algorithm))["sub"] == "u1"
    assert check(signed(algorithm, {"typ": "at+jwt"}, aud=["other", "hub"]))["sub"] == "u1"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": {"hub": True}}, "aud"),
        ({"sub": None}, "sub"),
        ({"exp": None}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": float("nan")}, "exp"),
        ({"exp": float("inf")}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": NOW + CLOCK_SKEW_S + 1, "exp": NOW + CLOCK_SKEW_S + 60}, "iat"),
        ({"nbf": NOW + CLOCK_SKEW_S + 1}, "nbf"),
        ({"exp": NOW + MAX_LIFETIME_S + 1}, "valid for 601 s"),
        ({"iat": NOW + 20, "exp": NOW + 10}, "valid for -10 s"),
        ({"deep": json.loads("[" * 12 + "]" * 12)}, "nested"),
    ],
)
def test_wrong_claims_are_refused(changed: dict[str, object], wrong: str) -> None:
    refused = refuse(signed(**changed))
    assert refused.code == "TOKEN_INVALID"
    assert wrong in refused.message
    assert refused.next_step is not None or wrong == "nested"


def test_expiry_allows_for_a_skewed_clock() -> None:
    check(signed(iat=NOW - 300, exp=NOW - CLOCK_SKEW_S + 1))
    refused = refuse(signed(iat=NOW - 300, exp=NOW - CLOCK_SKEW_S))
    assert isinstance(refused, TokenExpired)
    assert refused.headers == {"www-authenticate": 'Bearer realm="hub", error="invalid_token"'}


def forged() -> dict[str, bytes]:
    """Tokens by how they are forged."""
    good = signed()
    head, body, signature = good.split(b".")
    secret = RSA.as_pem(private=False)
    stranger = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": "rsa"}
    none = encode_part(json.dumps({"alg": "none"}).encode())
    return {
        "alg none": b".".join((none, body, b"")),
        "alg none with the signature": b".".join((none, body, signature)),
        "alg nOnE": b".".join((encode_part(b'{"alg":"nOnE","kid":"rsa"}'), body, b"")),
        "no signature": b".".join((head, body, b"")),
        "no alg": encode({"kid": "rsa"}, claims(), "RS256", RSA),
        "alg is a list": encode({"alg": ["RS256"], "kid": "rsa"}, claims(), "RS256", RSA),
        "HS256 by the public key": encode({"alg": "HS256", "kid": "rsa"}, claims(), "HS256", secret),
        "RS256 that is HS256 by the public key": encode(header, claims(), "HS256", secret),
        "an algorithm that is not set": encode({"alg": "PS256", "kid": "rsa"}, claims(), "PS256", RSA),
        "a key of another type": encode({"alg": "ES256", "kid": "rsa"}, claims(), "ES256", EC),
        "another key with this id": encode(header, claims(), "RS256", stranger),
        "an unknown key": encode({"alg": "RS256", "kid": "?"}, claims(), "RS256", stranger),
        "a key in the header": encode({**header, "jwk": stranger.as_dict(private=False)}, claims(), "RS256", stranger),
        "a link to a key": encode({**header, "jku": "https://evil.example/jwks"}, claims(), "RS256", stranger),
        "a certificate": encode({**header, "x5c": ["MIIB"]}, claims(), "RS256", RSA),
        "a path as key id": encode({"alg": "RS256", "kid": "../../dev/null"}, claims(), "RS256", stranger),
        "a key id that is a number": signed(header={"kid": 1}),
        "a long key id": signed(header={"kid": "k" * 300}),
        "critical extensions": signed(header={"crit": ["exp"], "exp": 1}),
        "unencoded payload": signed(header={"b64": False, "crit": ["b64"]}),
        "compressed": signed(header={"zip": "DEF"}),
        "nested": signed(header={"cty": "JWT"}),
        "a refresh token": signed(header={"typ": "Refresh"}),
        "a logout token": signed(header={"typ": "logout+jwt"}),
        "encrypted": b".".join((head, b"", body, body, signature)),
        "two parts": b".".join((head, body)),
        "four parts": good + b".",
        "empty": b"..",
        "padded": b".".join((head + b"=", body, signature)),
        "standard base64": b".".join((head, body, signature[:-4] + b"ab+/")),
        "bytes after it": good + b"\x00",
        "header is a list": encode(["RS256"], claims(), "RS256", RSA),
        "header is nested": encode_part(b"[" * 700 + b"]" * 700) + b"." + body + b"." + signature,
        "claims are a list": encode(header, [1], "RS256", RSA),
        "claims are nested": encode(header, claims(x=json.loads("[" * 500 + "]" * 500)), "RS256", RSA),
        "large": signed(pad="x" * MAX_TOKEN_BYTES),
        "large header": signed(header={"x5t": "x" * 2_000}),
        "not UTF-8": b"\xff\xfe." + body + b"." + signature,
        "an empty ECDSA signature": b".".join((signed("ES256").rsplit(b".", 1)[0], encode_part(bytes(64)))),
    }


FORGED = forged()


@pytest.mark.parametrize("kind", FORGED)
def test_forged_tokens_are_refused(kind: str) -> None:
    refused = refuse(FORGED[kind])
    assert isinstance(refused, TokenInvalid)
    assert refused.status == 401


ORIGINALS = {algorithm: signed(algorithm) for algorithm in KEYS}


@given(algorithm=st.sampled_from(sorted(KEYS)), data=st.data())
def test_no_changed_byte_is_accepted(algorithm: str, data: st.DataObject) -> None:
    token = bytearray(ORIGINALS[algorithm])
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= data.draw(st.integers(1, 255))
    refuse(bytes(token))


@pytest.mark.parametrize("algorithm", KEYS)
def test_no_flipped_bit_is_accepted(algorithm: str) -> None:
    """Every single bit: the last characters of base64 have bits that mean nothing, which lenient decoders let through."""
    for place in range(len(ORIGINALS[algorithm])):
        for bit in range(8):
            token = bytearray(ORIGINALS[algorithm])
            token[place] ^= 1 << bit
            with pytest.raises(AuthenticationRefused):
                check_now(bytes(token))


def check_now(token: bytes) -> None:
    """Check a token without an event loop: the keys of this test never wait."""
    try:
        CHECKER.claims(token).send(None)
    except StopIteration:
        return


@pytest.mark.parametrize("text", ["", "none", "HS256", "RS256,HS256", "rs256"])
def test_unsafe_algorithms_cannot_be_set(text: str) -> None:
    with pytest.raises(HubMisconfigured, match="HUB_OIDC_ALGORITHMS"):
        parse_algorithms(text)
    assert parse_algorithms("RS256, EdDSA") == {"RS256", "EdDSA"}
