"""The cache of principals holds its bound in bytes, and forgets what has expired."""

import hashlib
import sys
from dataclasses import replace

from hub.access.callers.principal_cache import CACHE_BYTES, PrincipalCache
from hub.access.callers.principals import Principal, Role
from tests.unit.access.test_authenticator import PERSON


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def principal(number: int) -> Principal:
    return replace(
        PERSON,
        id=f"https://id.example/realms/hub|{number:036}",
        display_name=f"Nguyễn Thị Bích Ngọc {number}",
        roles=frozenset({Role.OFFICER}),
        offices=frozenset({f"{number:05}", f"{number + 1:05}"}),
        scopes=frozenset({f"openid{number}", f"profile{number}"}),
    )


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def test_the_bound_holds_and_the_least_recently_used_go_first() -> None:
    cache = PrincipalCache(max_bytes=20_000, clock=Clock())
    for number in range(200):
        cache.put(digest(number), principal(number), 10.0)
        assert cache.get(digest(0)) is not None
        assert cache.bytes <= 20_000
    assert 5 < len(cache) < 30
    assert cache.get(digest(1)) is None
    assert cache.get(digest(199)) is not None


def test_an_expired_entry_is_gone() -> None:
    clock = Clock()
    cache = PrincipalCache(clock=clock)
    cache.put(digest(1), principal(1), 5.0)
    cache.put(digest(1), principal(2), 5.0)
    clock.now = 5.0
    assert cache.get(digest(1)) is None
    assert (len(cache), cache.bytes) == (0, 0)


def test_the_estimate_is_not_less_than_what_python_takes() -> None:
    cache = PrincipalCache(clock=Clock())
    for number in range(1_000):
        cache.put(digest(number), principal(number), 10.0)
    entries, seen = list(cache._entries.items()), set[int]()
    measured = sum(_measure(entry, seen) for entry in entries) + sys.getsizeof(cache._entries)
    assert measured <= cache.bytes < 2 * measured
    assert CACHE_BYTES < 50_000_000


def _measure(value: object, seen: set[int]) -> int:
    if id(value) in seen or isinstance(value, Role):
        return 0
    seen.add(id(value))
    inner: list[object] = []
    if isinstance(value, tuple | frozenset):
        inner = list(value)
    elif isinstance(value, Principal):
        inner = [getattr(value, name) for name in Principal.__slots__]
    return sys.getsizeof(value) + sum(_measure(part, seen) for part in inner)
