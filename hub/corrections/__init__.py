"""Corrections: a wrong or missing value becomes a request to the source that owns it.

    requests ──► hub.source_correction ──► delivery (API, file, or a work queue in the hub) ──► acknowledged or refused
                          ▲                                                                                │
                          └────── settlement: a later sync shows the value, or another wrong one ◄─────────┘

`transitions`, `claims` and `working_days` are pure; `requests`, `settlement` and `delivery` read and write the store. A correction of
a rejected row is another thing: see `hub.ingest.quarantine`.
"""
