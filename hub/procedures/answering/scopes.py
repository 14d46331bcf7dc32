"""The scopes in which requirements of a procedure are answered, and the answers in each."""

from dataclasses import dataclass

from hub.procedures.answering.response import ReachedValue
from hub.procedures.answering.statuses import Finding
from hub.procedures.answering.subjects import PrefillSubject
from hub.procedures.answers import ListItem, RequirementAnswer


@dataclass(frozen=True)
class Scope:
    """Where a requirement is asked: of which subject, of which item, and the place in the answer where its paths begin.

    `findings` settle the answer before anything is read.
    """

    role: str | None = None
    subject: PrefillSubject | None = None
    items: tuple[ListItem, ...] = ()
    place: ReachedValue | None = None
    findings: frozenset[Finding] = frozenset()

    def is_about(self, other: "Scope") -> bool:
        """Whether both are about one thing: no two subjects of one role, and no two items of one list."""
        if self.subject and other.subject and self.role == other.role and self.subject is not other.subject:
            return False
        return all(
            one == two for one, two in zip(self.items, other.items, strict=False) if one.requirement == two.requirement
        )


@dataclass(frozen=True)
class Work:
    """An answer, the findings that it was settled from and, of a list, the scopes of its items."""

    scope: Scope
    answer: RequirementAnswer
    findings: frozenset[Finding]
    scopes: tuple[Scope, ...] = ()
