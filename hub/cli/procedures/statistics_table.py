"""How much of each requirement is held, as tables and as JSON: of dossiers that were kept, and of cases that were rehearsed."""

from collections.abc import Iterator, Mapping

from hub.access.purposes import read_purposes
from hub.cli.options import LabelLanguage
from hub.cli.terminal import show_table
from hub.console.words import describe_outcome
from hub.model.labels import make_readable
from hub.procedures.declaration.definition import Procedure, find_procedure
from hub.procedures.declaration.requirements import Requirement
from hub.snapshots.statistics import ProcedureStatistics, RequirementStatistics
from schema.core import Label

ALL_TOGETHER = Label("Tất cả", "all together")
REQUIREMENT, ANSWERS, HELD = Label("Yêu cầu", "requirement"), Label("Trả lời", "answers"), Label("Đã có", "held")
WHY_NOT = Label("Vì sao chưa", "why not")
PAPERS = Label("Giấy bị từ chối", "papers refused"), Label("Giấy được yêu cầu", "papers granted")


def show_statistics(title: str, one: ProcedureStatistics, lang: LabelLanguage, *, has_papers: bool = True) -> None:
    """The requirements of a procedure in the order of its form, then all of them together. `has_papers`: with papers that were asked for."""
    numbers = [lang.pick(label) for label in (ANSWERS, HELD, *(PAPERS if has_papers else ()))]
    labelled = [*_label_requirements(one), (ALL_TOGETHER, one.sum_up())]
    rows = [_make_row(label, found, lang, has_papers=has_papers) for label, found in labelled]
    show_table(title, [lang.pick(REQUIREMENT), *numbers, lang.pick(WHY_NOT)], rows, numbers=numbers)


def name_procedure(code: str, lang: LabelLanguage) -> str:
    """The name of a procedure with its code; the code alone if it has been removed."""
    procedure = _find_procedure(code)
    return code if procedure is None else f"{lang.pick(procedure.name)} ({code})"


def describe_statistics(one: ProcedureStatistics) -> dict[str, object]:
    """The statistics of a procedure as JSON."""
    return {
        "procedure": one.code,
        "snapshots": one.snapshots,
        "dossiers": one.dossiers,
        "total": describe_requirement(one.sum_up()),
        "requirements": {code: describe_requirement(requirement) for code, requirement in one.requirements.items()},
    }


def describe_requirement(one: RequirementStatistics) -> dict[str, object]:
    """The statistics of a requirement as JSON."""
    return {
        "answers": one.answers,
        "held": one.held,
        "shareHeld": None if one.share_held is None else round(one.share_held, 4),
        "notHeld": dict(one.not_held.most_common()),
        "papersRefused": one.asks_refused,
        "papersGranted": one.asks_granted,
    }


def _label_requirements(one: ProcedureStatistics) -> Iterator[tuple[Label, RequirementStatistics]]:
    """Requirements that the procedure has no more come last."""
    procedure = _find_procedure(one.code)
    known: Mapping[str, Requirement] = procedure.by_code if procedure else {}
    place = {code: number for number, code in enumerate(known)}
    for code, found in sorted(one.requirements.items(), key=lambda pair: (place.get(pair[0], len(place)), pair[0])):
        requirement = known.get(code)
        label = requirement.label if requirement else None
        yield Label(label.vi, label.en) if label else make_readable(code), found


def _find_procedure(code: str) -> Procedure | None:
    purpose = read_purposes().get(code)
    return find_procedure(code) if purpose is not None and purpose.is_procedure else None


def _make_row(label: Label, one: RequirementStatistics, lang: LabelLanguage, *, has_papers: bool) -> list[object]:
    share = "" if one.share_held is None else f"{one.share_held:.1%}"
    why = "; ".join(f"{_tell_why(outcome, lang)} {number:,}" for outcome, number in one.not_held.most_common())
    papers = (one.asks_refused, one.asks_granted) if has_papers else ()
    return [lang.pick(label), one.answers, share, *papers, why]


def _tell_why(outcome: str, lang: LabelLanguage) -> str:
    """`UNAVAILABLE: SOURCE_DOWN` in words."""
    status, _, reason = outcome.partition(": ")
    return lang.pick(describe_outcome(status, [reason] if reason else []))
