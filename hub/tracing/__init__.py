"""Traces for OpenTelemetry: spans from a request to its SQL and its ledger record, and from a run to its links.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set: then `start_tracing` imports the extra `otel`. No attribute holds a value of a record.
"""
