"""Exporting: spans go to an OTLP receiver over HTTP, as the standard variables OTEL_* say. A receiver that is away costs no request anything."""

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from hub.extras import DISTRIBUTION_NAME, name_missing_extra
from hub.tracing.spans import TRACE_PARENT, OpenSpan, Value, open_span, use_span_maker

LOG = logging.getLogger("hub.tracing")
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
LAST_EXPORT_WITHIN_S = 3.0
"""How long a process that stops waits for its last spans to be taken."""


def is_wanted() -> bool:
    """Whether the environment names a receiver, and does not turn tracing off."""
    is_off = (
        os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not is_off and any(os.environ.get(name) for name in ENDPOINTS)


@contextmanager
def trace_process(name: str) -> Iterator[None]:
    """While the block runs, spans of this process are exported, if that is wanted. `name` is `hub-serve` or `hub-worker`.

    Raises HubMisconfigured if the extra is not installed.
    """
    if not is_wanted():
        yield
        return
    with name_missing_extra("exporting traces (OTEL_EXPORTER_OTLP_ENDPOINT)"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    # The library logs a line for each attempt; `_TellingExporter` says it once, without the receiver's answer.
    library = logging.getLogger("opentelemetry")
    library.propagate = False
    library.addHandler(logging.NullHandler())
    facts = {"service.name": os.environ.get("OTEL_SERVICE_NAME") or name, "service.version": version(DISTRIBUTION_NAME)}
    provider = TracerProvider(resource=Resource.create(facts), shutdown_on_exit=False)
    exporter: Any = _TellingExporter(OTLPSpanExporter())  # the library's base class cannot be had before it is imported
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        with use_span_maker(_Maker(provider.get_tracer("hub"))):
            yield
    finally:
        # In a thread that may be left behind: the library itself would wait for half a minute.
        ending = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(LAST_EXPORT_WITHIN_S)


@contextmanager
def trace_command(name: str) -> Iterator[None]:
    """While the block runs, what a command does is one trace, beneath a span `hub link`, if that is wanted. Raises as `trace_process`."""
    with trace_process("hub-command"), open_span(f"hub {name}"):
        yield


class _Maker:
    """Makes spans with the tracer of the library."""

    def __init__(self, tracer: Any) -> None:
        from opentelemetry import trace

        self._trace = trace
        self._tracer = tracer

    @contextmanager
    def open(
        self, name: str, attributes: Mapping[str, Value], parent: bytes | None, *, serves: bool
    ) -> Iterator[OpenSpan]:
        """A span that lasts as long as the block. Of an error its kind is noted: its message may quote a value."""
        kind = self._trace.SpanKind.SERVER if serves else self._trace.SpanKind.INTERNAL
        with self._tracer.start_as_current_span(
            name,
            context=self._read_parent(parent),
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._trace.StatusCode.ERROR)
                raise

    def find_trace_id(self) -> str | None:
        """The trace of the open span if it is exported."""
        context = self._trace.get_current_span().get_span_context()
        return format(context.trace_id, "032x") if context.is_valid and context.trace_flags.sampled else None

    def _read_parent(self, header: bytes | None) -> Any:
        found = TRACE_PARENT.fullmatch(header) if header else None
        if found is None:
            return None
        trace_id, span_id, flags = (int(part, 16) for part in found.groups())
        context = self._trace.SpanContext(
            trace_id, span_id, is_remote=True, trace_flags=self._trace.TraceFlags(flags & 1)
        )
        return self._trace.set_span_in_context(self._trace.NonRecordingSpan(context))


class _TellingExporter:
    """The exporter of the library, that says when its receiver is lost and when it is back."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter
        self._is_lost = False

    def export(self, spans: Sequence[Any]) -> Any:
        """Send spans. Spans that the collector does not accept are dropped: traces are for observation, not for the record."""
        outcome = self._exporter.export(spans)
        is_lost = outcome.name != "SUCCESS"
        if is_lost and not self._is_lost:
            LOG.warning(
                "traces are dropped: their receiver does not take them. Next step: check OTEL_EXPORTER_OTLP_ENDPOINT"
            )
        elif self._is_lost and not is_lost:
            LOG.warning("traces are taken again")
        self._is_lost = is_lost
        return outcome

    def shutdown(self) -> None:
        """End it."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept here."""
        return True
