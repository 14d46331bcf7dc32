"""Spans: `with open_span("sql"):` around what takes time. While tracing is off, that is one comparison and no object.

An attribute is a name of ours, a code, a count or a hash. Never a value that a caller or a source chose: those may be people's.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

Value = str | int | float | bool
TRACE_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context, with the ids that it forbids left out: trace, span, flags."""


class OpenSpan(Protocol):
    """What the code within a span may do with it."""

    def set_attribute(self, key: str, value: Value) -> None:
        """Note a fact."""


class NoSpan:
    """The span while tracing is off."""

    def set_attribute(self, key: str, value: Value) -> None:
        """Do nothing."""


NO_SPAN = NoSpan()
_NOTHING: AbstractContextManager[OpenSpan] = nullcontext(NO_SPAN)


class SpanMaker(Protocol):
    """Makes spans; there is one while tracing is on."""

    def open(
        self, name: str, attributes: Mapping[str, Value], parent: bytes | None, *, serves: bool
    ) -> AbstractContextManager[OpenSpan]:
        """A span that lasts as long as the block."""

    def find_trace_id(self) -> str | None:
        """The trace of the open span if it is exported, 32 hex digits; None without one."""


_maker: SpanMaker | None = None


def is_tracing() -> bool:
    """Whether spans are made: for attributes that cost something to find."""
    return _maker is not None


def open_span(name: str, **attributes: Value) -> AbstractContextManager[OpenSpan]:
    """A span within the open one. A name `a_b` of an attribute is shown as `hub.a_b`."""
    if _maker is None:
        return _NOTHING
    return _maker.open(name, {f"hub.{key}": value for key, value in attributes.items()}, None, serves=False)


def open_request_span(name: str, parent: bytes | None) -> AbstractContextManager[OpenSpan]:
    """The span of a request, within that of the caller if `parent` is a valid traceparent."""
    if _maker is None:
        return _NOTHING
    return _maker.open(name, {}, parent, serves=True)


def find_trace_id() -> str | None:
    """The trace that is being made here, for the ledger; None if there is none."""
    return None if _maker is None else _maker.find_trace_id()


@contextmanager
def use_span_maker(maker: SpanMaker) -> Iterator[None]:
    """While the block runs, `maker` makes the spans of this process."""
    global _maker
    before, _maker = _maker, maker
    try:
        yield
    finally:
        _maker = before
