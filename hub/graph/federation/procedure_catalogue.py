"""The catalogue of procedures as the subgraph shows it: declared, so nothing is read from the store."""

from typing import Any

from hub.procedures.declaration.definition import Procedure


class CatalogueRow(dict[str, Any]):
    """A declared object: its values are by the names of fields. All others are answers, whose values are by response names."""


def describe_procedure(procedure: Procedure) -> CatalogueRow:
    """A procedure as the catalogue shows it."""
    return CatalogueRow(
        __typename="Procedure",
        code=procedure.code,
        version=procedure.version,
        name=_label(procedure.name),
        about=_label(procedure.about),
        inForceFrom=procedure.in_force_from.isoformat(),
        inForceTo=procedure.in_force_to.isoformat() if procedure.in_force_to else None,
        legalBasis=[
            CatalogueRow(title=one.title, article=one.article, about=_label(one.about)) for one in procedure.legal_basis
        ],
        requirements=[
            CatalogueRow(
                code=one.code,
                label=_label(one.label),
                holder=one.holder,
                evidence=_label(one.evidence) if one.evidence else None,
            )
            for one in procedure.requirements
        ],
    )


def _label(words: Any) -> CatalogueRow:
    return CatalogueRow(vi=words.vi, en=words.en)
