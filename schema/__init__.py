"""The vocabulary of the hub: what the graph says exists. Imports the standard library only.

`MODULES` names the modules that declare entities; everything else (tables, frames, checks, GraphQL types, reference
pages) is derived from them by `hub.model`.
"""

MODULES = (
    "schema.place",
    "schema.citizen",
    "schema.land",
    "schema.finance",
    "schema.business",
    "schema.insurance",
)
