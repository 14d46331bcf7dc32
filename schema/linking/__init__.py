"""What linking knows of each entity: rules, registers, what stands together, the vetoes, and the facts that they are drawn from.

A module that declares `LINKING` is named in MODULES. Rules are asked in the order of these modules.
"""

MODULES = (
    "schema.linking.people",
    "schema.linking.businesses",
    "schema.linking.parcels",
)
