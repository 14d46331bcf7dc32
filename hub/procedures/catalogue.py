"""The procedures that a hub answers, each compiled and checked when it is first asked for."""

from datetime import date

from graphql import GraphQLSchema

from hub.access.dossiers.dossier_rules import check_in_force
from hub.access.purposes import find_purpose
from hub.errors import HubMisconfigured
from hub.procedures.declaration.compiled_procedures import CompiledProcedure, compile_procedure
from hub.procedures.declaration.definition import find_procedure
from hub.procedures.declaration.lint import list_requirement_faults


class ProcedureCatalogue:
    """The procedures as they were when the first was asked for."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._compiled: dict[str, CompiledProcedure] = {}

    def find(self, code: str, day: date) -> CompiledProcedure:
        """The procedure of this code, in force on a day.

        Raises OperationRefused as `find_procedure` does, and HubMisconfigured if its requirements do not fit its documents: a path
        that no document selects would look like a value that its sector does not hold.
        """
        kept = self._compiled.get(code)
        if kept is None:
            find_procedure(code)
            kept = compile_procedure(find_purpose(code), self._schema)
            faults = list_requirement_faults(kept)
            if faults:
                raise HubMisconfigured(faults[0], next_step=f"correct it: `hub procedures lint {kept.purpose.folder}`")
            self._compiled[code] = kept
        check_in_force(kept.procedure, day)
        return kept
