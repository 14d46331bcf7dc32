"""The subjects of a prefill: who has which role, and whether the procedure may be answered for them. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.access.dossiers.dossier_rules import FoundSubject, check_apart, find_role, is_minor, make_refusal
from hub.access.purpose_declaration import Bilingual
from hub.model.registry import load_registry
from hub.procedures.answers import BlockingFact
from hub.procedures.declaration.definition import Procedure

MAX_SUBJECTS = 50
DECEASED = Bilingual(vi="đã chết theo dữ liệu dân cư, hộ tịch", en="is recorded as deceased")
GUARDIAN_NEEDED = Bilingual(vi="chưa thành niên và chưa có người giám hộ", en="is a minor without a guardian")


@dataclass(frozen=True)
class PrefillSubject:
    """A subject as the store has it now. `number` is None if the hub holds none of this identifier.

    `keys` are its identifiers by GraphQL name, and `id`, its global id; `merged` says that it was found by the identifier of a row
    that was merged into it. `born` is as the register has it (`1954` or `1954-03-12`).
    """

    role: str
    entity: str
    number: int | None
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    merged: bool = False
    born: str | None = None
    died: date | None = None

    @property
    def id(self) -> str | None:
        """Its global id; None if the hub does not hold it."""
        return self.keys.get("id")


def check_roles(procedure: Procedure, subjects: Sequence[PrefillSubject]) -> None:
    """Raises OperationRefused if the subjects do not fill the roles of the procedure.

    Codes: TOO_MANY_SUBJECTS, ROLE_UNKNOWN, WRONG_KIND, ROLE_TAKEN, ROLE_MISSING, SUBJECT_IN_TWO_ROLES.
    """
    if len(subjects) > MAX_SUBJECTS:
        raise make_refusal(
            f"a prefill has at most {MAX_SUBJECTS} subjects", "TOO_MANY_SUBJECTS", "prefill the others separately"
        )
    filled = Counter(subject.role for subject in subjects)
    for subject in subjects:
        declared = find_role(procedure, subject.role, subject.entity)
        if filled[subject.role] > 1 and not declared.many:
            raise make_refusal(
                f"{filled[subject.role]} subjects have the role {subject.role}",
                "ROLE_TAKEN",
                "give one subject this role",
            )
    guardians = {declared.guardian for declared in procedure.subjects.values()}
    for role, declared in procedure.subjects.items():
        if not filled[role] and not declared.optional and role not in guardians:
            raise make_refusal(f"no subject has the role {role}", "ROLE_MISSING", f"add a {declared.entity} as {role}")
    check_apart(procedure, ((one.role, (one.entity, one.number)) for one in subjects if one.number is not None))


def find_blocks(procedure: Procedure, subjects: Sequence[PrefillSubject], today: date) -> Iterator[BlockingFact]:
    """What about the subjects themselves keeps the procedure from being done."""
    filled = {subject.role for subject in subjects}
    for subject in subjects:
        declared = procedure.subjects[subject.role]
        if subject.died is not None and not declared.deceased:
            yield _block("subject_deceased", DECEASED, subject, declared.name)
        person = load_registry()[subject.entity].person
        found = FoundSubject(
            subject.role, subject.entity, subject.number, None, None, subject.born, subject.died,
            person.adult_age if person else None,
        )  # fmt: skip
        if declared.guardian is not None and declared.guardian not in filled and is_minor(found, today):
            yield _block("guardian_needed", GUARDIAN_NEEDED, subject, declared.name)


def _block(code: str, words: Bilingual, subject: PrefillSubject, role: Bilingual) -> BlockingFact:
    label = Bilingual(vi=f"{role.vi}: {words.vi}", en=f"{role.en} {words.en}")
    return BlockingFact(code, label, subject.role, None, (), True)
