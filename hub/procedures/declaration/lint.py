"""Lint of procedures: the documents fetch what the requirements use, all of it, and nothing else, since what they fetch may be read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hub.access.purposes import PROCEDURE_FILE, read_purpose_file
from hub.model.registry import load_registry
from hub.procedures.answering.response import DISCREPANCIES
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.declaration.documents import (
    AS_OF,
    GLOBAL_ID,
    HAS_NEXT,
    NODES,
    PAGE_INFO,
    PROVENANCE,
    SOURCE,
    LeafKind,
    ProcedureDocument,
    SelectedField,
)
from hub.procedures.declaration.requirements import Derivation, Requirement, RequirementCondition
from hub.procedures.json_schema import value_types
from hub.sdk.toml_lines import find_line

STATUS, RECORDED = "status", "recorded"
DATES: Mapping[str, str] = {"DateAnswer": "a date"}
NUMBERS: Mapping[str, str] = {"NumberAnswer": "numbers", "MoneyAnswer": "amounts of money"}
"""Types of answers, with their names in a sentence."""


@dataclass
class _Use:
    """What the requirements use of one document: the paths of leaves, each with why, and what they may fetch beside."""

    needed: dict[str, str] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=set)


def lint_procedure(compiled: CompiledProcedure) -> tuple[str, ...]:
    """The faults, each in a sentence that begins with file and line."""
    return tuple(_Lint(compiled).run())


def list_requirement_faults(compiled: CompiledProcedure) -> tuple[str, ...]:
    """Those of them for which the procedure cannot be answered: requirements and blocks that do not fit the documents."""
    return tuple(_Lint(compiled).check_requirements())


class _Lint:
    def __init__(self, compiled: CompiledProcedure) -> None:
        self.compiled = compiled
        self.procedure = compiled.procedure
        self.file = compiled.purpose.folder / PROCEDURE_FILE
        self.text = read_purpose_file(self.file)
        self.is_read_by_known_documents = True
        """Otherwise it would seem that nothing uses what those documents select."""
        self.uses = {name: _Use() for name in compiled.documents}

    def run(self) -> Iterator[str]:
        """Every finding: first the declaration's, then what the documents lack, then what they have too much."""
        yield from self.check_requirements()
        for name, document in self.compiled.documents.items():
            yield from self._missing(document, self.uses[name])
        if self.is_read_by_known_documents:
            for name, document in self.compiled.documents.items():
                yield from self._unused(document, self.uses[name])

    def check_requirements(self) -> Iterator[str]:
        """What the declaration says that the documents do not have."""
        for index, requirement in enumerate(self.procedure.requirements):
            yield from self._requirement(index, requirement)
        for index, block in enumerate(self.procedure.blocks):
            for condition in block.when:
                yield from self._condition(condition, ("blocks", index, "when"))

    def _at(self, *location: int | str) -> str:
        return f"{self.file}:{find_line(self.text, location)}"

    # --- The declaration ---

    def _requirement(self, index: int, requirement: Requirement) -> Iterator[str]:
        here = ("requirements", index)
        for condition in requirement.applies_when:
            yield from self._condition(condition, (*here, "applies_when"))
        if requirement.derived is not None:
            yield from self._derived(here, requirement.derived)
        if not requirement.is_read:
            return
        document = self.compiled.document_of(requirement)
        if document is None:
            known = ", ".join(self.compiled.documents)
            self.is_read_by_known_documents = False
            yield f"{self._at(*here, 'document')}: requirement {requirement.code}: which document reads it? Use one of: {known}"
            return
        wrong = list(self._paths(here, requirement, document))
        yield from wrong
        if not wrong:
            yield from self._holder(here, requirement, document)
        self._note_uses(requirement, document)

    def _paths(
        self, here: tuple[int | str, ...], requirement: Requirement, document: ProcedureDocument
    ) -> Iterator[str]:
        above = self._above(requirement)
        base = document.root.find(above) if above else document.root
        rows = base.find(requirement.rows) if base and requirement.rows else base
        if requirement.rows and (rows is None or not rows.is_list):
            what = "not a list" if rows is not None else "not selected"
            yield f"{self._at(*here, 'rows')}: {requirement.rows} is {what} in {document.name}.graphql"
            return
        if rows is None:
            return
        paths = [("key", requirement.key), *(("where", path) for path in requirement.where)]
        paths += [(requirement.form, path) for path in requirement.paths]
        for key, path in paths:
            found = rows.find(path) if path else rows
            if found is None:
                yield f"{self._at(*here, key)}: {_explain_missing(str(path), rows, document)}"
            elif path and found.beneath:
                yield f"{self._at(*here, key)}: {path} is no value: it has fields of its own"
        for path, wanted in requirement.where.items():
            leaf = rows.find(path)
            if leaf is not None and isinstance(wanted, str) and leaf.codes and wanted not in leaf.codes:
                yield f"{self._at(*here, 'where')}: {path} has no code {wanted}: use {', '.join(leaf.codes)}"

    def _holder(
        self, here: tuple[int | str, ...], requirement: Requirement, document: ProcedureDocument
    ) -> Iterator[str]:
        """The holder is the sector of the record that the value stands in."""
        base = ".".join(part for part in (self._above(requirement), requirement.rows) if part)
        path = requirement.paths[0] if requirement.paths else requirement.key
        leaf = document.root.find(".".join(part for part in (base, path) if part))
        if requirement.address is not None and not requirement.address.detail:
            steps = ".".join(part for part in (base, requirement.address.unit) if part).split(".")
            leaf = document.root.find(".".join(steps[:-1]))
        entity = load_registry().entities.get(leaf.owner) if leaf is not None else None
        if entity is not None and entity.sector != requirement.holder:
            yield f'{self._at(*here, "holder")}: {entity.name} is of the sector {entity.sector}, not {requirement.holder}: write holder = "{entity.sector}"'

    def _condition(self, condition: RequirementCondition, here: tuple[int | str, ...]) -> Iterator[str]:
        yield from self._codes_of(condition, here)
        tested = self.procedure.by_code[condition.requirement]
        if condition.present is not None and tested.null is not None:
            yield (
                f"{self._at(*here)}: an empty {tested.code} has the value {tested.null.code}, so it is always present: "
                f'write in = ["{tested.null.code}"]'
            )
        if (condition.at_least is not None or condition.at_most is not None) and not self._has(tested, NUMBERS):
            yield f"{self._at(*here)}: at_least and at_most test numbers and amounts, and {tested.code} has none"

    def _derived(self, here: tuple[int | str, ...], derived: Derivation) -> Iterator[str]:
        """An age is one of a date, a sum one of numbers, and only values of one kind can be the same."""
        needed = {"age": DATES, "sum": NUMBERS}.get(derived.rule)
        for code in (derived.source, derived.minus):
            if needed is not None and code is not None and not self._has(self.procedure.by_code[code], needed):
                yield f"{self._at(*here, 'derived')}: {derived.rule} is of {' and '.join(sorted(needed.values()))}, and {code} has none"
        if derived.other is not None:
            first, second = (
                value_types(self.compiled, self.procedure.by_code[code]) for code in (derived.source, derived.other)
            )
            if first and second and not set(first) & set(second):
                yield (
                    f"{self._at(*here, 'derived')}: {derived.rule} compares values of one kind, and {derived.source} is "
                    f"{_name_types(first)}, {derived.other} {_name_types(second)}"
                )

    def _has(self, requirement: Requirement, kinds: Iterable[str]) -> bool:
        """Whether a value of the requirement can be of one of these kinds; true if a wrong path leaves that open."""
        types = value_types(self.compiled, requirement)
        return bool(set(types) & set(kinds)) or (not types and bool(requirement.value))

    def _codes_of(self, condition: RequirementCondition, here: tuple[int | str, ...]) -> Iterator[str]:
        """The codes that a condition names are codes of what it tests."""
        requirement = self.procedure.by_code[condition.requirement]
        document = self.compiled.document_of(requirement)
        path = ".".join(part for part in (self._above(requirement), requirement.rows, *requirement.value[:1]) if part)
        leaf = document.root.find(path) if document and requirement.value else None
        if leaf is not None and leaf.kind is LeafKind.CODE:
            known = [*leaf.codes, *([requirement.null.code] if requirement.null else [])]
            unknown = [code for code in condition.among if code not in known]
            if unknown:
                yield f"{self._at(*here)}: {requirement.code} has no code {', '.join(unknown)}: use {', '.join(known)}"

    def _above(self, requirement: Requirement) -> str:
        above = self.procedure.by_code[requirement.within] if requirement.within else None
        return self.compiled.path_of(above) if above else ""

    # --- The documents ---

    def _note_uses(self, requirement: Requirement, document: ProcedureDocument) -> None:
        use = self.uses[document.name]
        base = ".".join(part for part in (self._above(requirement), requirement.rows) if part)
        ends = [*requirement.paths, *requirement.where, *([requirement.key] if requirement.key else [])]
        units = {requirement.address.unit, requirement.address.unit_code} if requirement.address else set()
        for end in ends or [""]:
            path = ".".join(part for part in (base, end) if part)
            node = document.root.find(path)
            if node is None:
                continue  # found to be wrong; what the other paths use is used nevertheless
            if not node.beneath:
                use.needed[path] = f"requirement {requirement.code} uses it"
            self._note_way(document, path, use, is_unit=end in units)

    def _note_way(self, document: ProcedureDocument, path: str, use: _Use, *, is_unit: bool) -> None:
        """What says how sure a value is, and where it is from, for each object on the way to it."""
        steps = path.split(".")
        objects = [
            (".".join(steps[:end]), document.root.find(".".join(steps[:end]))) for end in range(1, len(steps) + 1)
        ]
        for here, node in objects:
            assert node is not None  # the path was found
            above = here.rpartition(".")[0]
            if node.name == NODES:
                use.needed[f"{above}.{PAGE_INFO}.{HAS_NEXT}"] = "it says whether a page cut the list"
            if node.needs_link is not None:
                use.needed[f"{above}.{node.link or node.needs_link}.{STATUS}"] = "it says how sure the link is"
            if node.needs_back is not None:
                use.needed[f"{here}.{node.back or node.needs_back}.{STATUS}"] = (
                    "it says how sure it is that the row belongs here"
                )
            self._allow(here, node, use)
        records = [
            (here, node)
            for here, node in objects
            if node and node.beneath and node.type_name in load_registry().entities
        ]
        if is_unit and len(records) > 1:
            records = records[:-1]
        if records:
            here = records[-1][0]
            for part in (GLOBAL_ID, f"{PROVENANCE}.{SOURCE}", f"{PROVENANCE}.{AS_OF}"):
                use.needed[f"{here}.{part}"] = "it says where a value is from"

    @staticmethod
    def _allow(here: str, node: SelectedField, use: _Use) -> None:
        """What may be fetched of an object beside its values: where it is from, names to compare, copies that differ."""
        use.allowed |= {f"{here}.{part}" for part in (GLOBAL_ID, f"{PROVENANCE}.{SOURCE}", f"{PROVENANCE}.{AS_OF}")}
        if node.person_name is not None:
            use.allowed.add(f"{here}.{node.person_name.key}")
        for link in (node.link, node.back):
            if link is not None:
                use.allowed.add(f"{here.rpartition('.')[0] if link is node.link else here}.{link}.{RECORDED}.name")
        differing = node.named(DISCREPANCIES)
        if differing is not None:
            use.allowed |= {f"{here}.{differing.key}.{path}" for path, _ in differing.walk()}

    @staticmethod
    def _missing(document: ProcedureDocument, use: _Use) -> Iterator[str]:
        for path, why in sorted(use.needed.items()):
            if document.root.find(path) is None:
                yield f"{document.path}:{_find_line_above(document, path)}: {path} is not selected: {why}"

    @staticmethod
    def _unused(document: ProcedureDocument, use: _Use) -> Iterator[str]:
        for path, node in document.root.walk():
            if not node.beneath and path not in use.needed and path not in use.allowed:
                yield f"{document.path}:{node.line}: {path} is selected, and no requirement uses it"


def _name_types(types: Iterable[str]) -> str:
    """Types of answers in a sentence: `a party`, `a date or a code`."""
    return " or ".join(f"{'an' if name[0] == 'A' else 'a'} {name.removesuffix('Answer').lower()}" for name in types)


def _explain_missing(path: str, rows: SelectedField, document: ProcedureDocument) -> str:
    """Why a path leads nowhere: nobody selected it, or it begins at the document although it is a path within a list."""
    if rows is not document.root and document.root.find(path) is not None:
        return (
            f"{path} is not beneath an item of the list: paths of a list, and of what is within one, begin at its items"
        )
    return f"{path} is not selected in {document.name}.graphql"


def _find_line_above(document: ProcedureDocument, path: str) -> int:
    """The line of the nearest field that is selected on the way to one that is not."""
    line, here = document.root.line, document.root
    for key in path.split("."):
        below = here.beneath.get(key)
        if below is None:
            break
        line, here = below.line, below
    return line
