"""What someone with a valid officer's token can try, as a table: the request, and what the hub answers.

GOT marks what the attacker gets, NONE a list without an item. `docs/explanation/security.md` says why; whatever else comes back without an error is a leak.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.plan.binds import global_id

GOT, NONE = "GOT", "NONE"
IDENTIFY, TRANSFER = "identify", "land-right-transfer"
NAME_BY_KEY = "query ($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName } }"
OPEN = "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } } }"
ADD = "mutation ($input: AddDossierSubjectsInput!) { addDossierSubjects(input: $input) { dossier { code } } }"
END = "mutation ($input: EndDossierInput!) { endDossier(input: $input) { dossier { code } } }"
EMERGENCY = (
    "mutation ($input: RequestEmergencyAccessInput!) { requestEmergencyAccess(input: $input) { dossier { code } } }"
)
LIST_DOSSIERS = (
    "query ($prefix: String!) { dossiers(codePrefix: $prefix) { nodes { code subjects { role kind found } } } }"
)
CERTIFICATES = "{ landUseRights(first: 2, filter: { certificateSerial: { %s } }) { nodes { holder { __typename } } } }"
BY_CERTIFICATE = """query ($serial: CertificateSerial!) { landUseRights(first: 2, filter: { certificateSerial: { eq: $serial } }) {
    nodes { %s } } }"""
BY_CODE = "query ($code: EnterpriseCode!) { business(by: { enterpriseCode: $code }) { %s } }"
SNAPSHOT = "query ($id: ID!) { prefillSnapshot(id: $id) { prefill { answers { values { display { vi } } } } } }"
KEEP = "mutation { keepPrefill(input: {}) { snapshot { id } } }"


@dataclass(frozen=True)
class Knowledge:
    """What the attacker knows: an own dossier with its two subjects, someone else's, and people who are in neither.

    `victim_id` is the victim's global id, `absent` an identifier that nobody has.
    """

    dossier: str
    foreign_dossier: str
    office: str
    foreign_office: str
    subject: str
    counterparty: str
    victim: str
    victim_id: str
    absent: str
    certificate: str
    """A certificate of land that a person holds."""
    business: str
    """An enterprise code."""


@dataclass(frozen=True)
class Attempt:
    """One request of the attacker. `answers` are the codes that are right, or GOT."""

    kind: str
    words: str
    query: str
    answers: tuple[str, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] | None = None


def list_attempts(known: Knowledge) -> tuple[Attempt, ...]:
    """Every single request that is tried."""
    return (
        *_enumerations(known),
        *_other_dossiers(known),
        *_shapes(known),
        *_oracles(known),
        *_other_doors(known),
        *_by_design(known),
    )


def _own(known: Knowledge) -> dict[str, str]:
    return {"x-hub-dossier": known.dossier}


def _under(purpose: str) -> dict[str, str]:
    return {"x-hub-purpose": purpose}


def _enumerations(known: Knowledge) -> tuple[Attempt, ...]:
    everyone = "{ citizens(first: 500) { nodes { personalId } } }"
    prefix = '{ citizens(first: 5, filter: { fullName: { prefix: "Ng" } }) { nodes { fullName } } }'
    words = '{ citizens(first: 5, filter: { fullName: { words: "nguyen" } }) { nodes { fullName } } }'
    former = '{ citizens(first: 5, filter: { formerId: { prefix: "1" } }) { nodes { fullName } } }'
    by_name = """query ($name: String!, $born: PartialDate!) { citizens(first: %s, filter: {
        fullName: { eq: $name }, birthDate: { eq: $born } }) { %s } }"""
    guess = {"name": "Nguyễn Văn An", "born": "1980-01-01"}
    return (
        Attempt("enumerate", "list people without a purpose", everyone, ("FORBIDDEN_FIELD",)),
        Attempt("enumerate", "list people under the own dossier", everyone, ("FORBIDDEN_FIELD",), headers=_own(known)),
        Attempt("enumerate", "list people to identify", everyone, ("FORBIDDEN_FIELD", "FORBIDDEN_ARGUMENT"), headers=_under(IDENTIFY)),
        Attempt("enumerate", "list people by the beginning of a name", prefix, ("FORBIDDEN_ARGUMENT",), headers=_under(IDENTIFY)),
        Attempt("enumerate", "list people by words of a name alone", words, ("FORBIDDEN_ARGUMENT",), headers=_under(IDENTIFY)),
        Attempt("enumerate", "list people by the beginning of a former identifier", former, ("FORBIDDEN_ARGUMENT",), headers=_under(IDENTIFY)),
        Attempt("enumerate", "a larger page of namesakes", by_name % (6, "nodes { fullName }"), ("FORBIDDEN_ARGUMENT",), guess, _under(IDENTIFY)),
        Attempt("enumerate", "count namesakes", by_name % (5, "totalCount"), ("FORBIDDEN_FIELD",), guess, _under(IDENTIFY)),
        Attempt("enumerate", "cursors of namesakes", by_name % (5, "edges { cursor }"), ("FORBIDDEN_FIELD",), guess, _under(IDENTIFY)),
        Attempt("enumerate", "certificates by the beginning of a serial", CERTIFICATES % 'prefix: "C"', ("FORBIDDEN_ARGUMENT",), headers=_under(IDENTIFY)),
        Attempt("enumerate", "a list of certificates", CERTIFICATES % f'in: ["{known.certificate}", "CA 00000001"]', ("FORBIDDEN_ARGUMENT",), headers=_under(IDENTIFY)),
        Attempt("enumerate", "what a certificate is of", BY_CERTIFICATE % "area parcel { area }", ("FORBIDDEN_FIELD",), {"serial": known.certificate}, _under(IDENTIFY)),
        Attempt("enumerate", "all land of the holder of a certificate", BY_CERTIFICATE % "holder { ... on Citizen { landUseRights(first: 5) { nodes { certificateSerial } } } }", ("FORBIDDEN_FIELD",), {"serial": known.certificate}, _under(IDENTIFY)),
        Attempt("enumerate", "a list of businesses", "{ businesses(first: 5) { nodes { legalName } } }", ("FORBIDDEN_FIELD",), headers=_under(IDENTIFY)),
        Attempt("enumerate", "who runs a business", BY_CODE % "roles(first: 5) { nodes { role } }", ("FORBIDDEN_FIELD", "INVALID"), {"code": known.business}, _under(IDENTIFY)),
        Attempt("enumerate", "search by words", '{ search(text: "Nguyễn") { hits { score } } }', ("FORBIDDEN_FIELD",), headers=_own(known)),
        Attempt("enumerate", "six people in one request", _aliases(6), ("OPERATION_TOO_LARGE",), {"id": known.victim}, _under(IDENTIFY)),
        Attempt("enumerate", "a thousand aliases", _aliases(1000), ("OPERATION_TOO_LARGE",), {"id": known.victim}, _under(IDENTIFY)),
        Attempt("enumerate", "counts of a commune", "{ citizens { totalCount } }", ("PURPOSE_FORBIDDEN",), headers=_under("statistics")),
        Attempt("enumerate", "masked data of explorers", "{ citizens { nodes { fullName } } }", ("PURPOSE_FORBIDDEN",), headers=_under("explore")),
    )  # fmt: skip


def _aliases(count: int) -> str:
    fields = " ".join(f"a{n}: citizen(by: {{ personalId: $id }}) {{ fullName }}" for n in range(count))
    return f"query ($id: PersonalId!) {{ {fields} }}"


def _other_dossiers(known: Knowledge) -> tuple[Attempt, ...]:
    read = {"id": known.victim}
    victim = [
        {"role": role, "subject": {"citizen": {"personalId": one}}}
        for role, one in (("transferor", known.victim), ("transferee", known.counterparty))
    ]
    dossier = {"code": "H49.12-251118-6666", "purpose": TRANSFER, "office": known.foreign_office, "subjects": victim}
    end = {"code": known.foreign_dossier, "outcome": "WITHDRAWN", "reason": "x"}
    add = {"code": known.foreign_dossier, "subjects": victim[:1]}
    injected = {"x-hub-dossier": f"{known.dossier}' or '1'='1"}
    return (
        Attempt("others' dossiers", "read under another office's dossier", NAME_BY_KEY, ("DOSSIER_UNKNOWN",), read, {"x-hub-dossier": known.foreign_dossier}),
        Attempt("others' dossiers", "read under an invented dossier", NAME_BY_KEY, ("DOSSIER_UNKNOWN",), read, {"x-hub-dossier": "H49.12-251118-9999"}),
        Attempt("others' dossiers", "SQL in the header", NAME_BY_KEY, ("DOSSIER_UNKNOWN",), read, injected),
        Attempt("others' dossiers", "another purpose for the own dossier", NAME_BY_KEY, ("PURPOSE_MISMATCH",), read, {**_own(known), **_under(IDENTIFY)}),
        Attempt("others' dossiers", "the procedure without a dossier", NAME_BY_KEY, ("DOSSIER_NEEDED",), read, _under(TRANSFER)),
        Attempt("others' dossiers", "open one at another office", OPEN, ("OFFICE_FORBIDDEN",), {"input": dossier}),
        Attempt("others' dossiers", "add a subject to another office's", ADD, ("DOSSIER_UNKNOWN",), {"input": add}),
        Attempt("others' dossiers", "list another office's", LIST_DOSSIERS, (NONE,), {"prefix": known.foreign_dossier}),
        Attempt("others' dossiers", "list dossiers with their subjects' values", "{ dossiers { nodes { subjects { value } } } }", ("INVALID",)),
        Attempt("others' dossiers", "list people beside the dossiers", "{ dossiers { nodes { code } } citizens(first: 5) { nodes { fullName } } }", ("FORBIDDEN_FIELD",), headers=_own(known)),
        Attempt("others' dossiers", "end another office's", END, ("DOSSIER_UNKNOWN",), {"input": end}),
    )  # fmt: skip


def _shapes(known: Knowledge) -> tuple[Attempt, ...]:
    own, victim = {"id": known.subject}, {"id": known.victim}
    both = {"id": known.subject, "other": known.victim}
    citizen = "query ($id: PersonalId!) { citizen(by: { personalId: $id }) { %s } }"
    node = "query ($id: ID!) { node(id: $id) { ... on Citizen { fullName } } }"
    nodes = "query ($id: ID!) { nodes(ids: [$id]) { ... on Subject { id } ... on Citizen { fullName } } }"
    refused = ("FORBIDDEN_FIELD", "FORBIDDEN_ARGUMENT")
    return tuple(
        Attempt("shape of the document", words, query, answers, variables, _own(known))
        for words, query, answers, variables in (
            ("the victim by key", citizen % "fullName", ("NOT_A_SUBJECT",), victim),
            ("the counterparty as the transferor", citizen % "landUseRights(first: 1, filter: {status: {eq: REGISTERED}}, orderBy: [{issuedOn: ASC}]) { nodes { area } }", ("NOT_A_SUBJECT",), {"id": known.counterparty}),
            ("the victim under an alias, beside the subject", "query ($id: PersonalId!, $other: PersonalId!) { a: citizen(by: {personalId: $id}) { fullName } b: citizen(by: {personalId: $other}) { fullName } }", ("NOT_A_SUBJECT",), both),
            ("the victim as the default of a variable", NAME_BY_KEY.replace("$id: PersonalId!", f'$id: PersonalId! = "{known.victim}"'), ("NOT_A_SUBJECT",), {}),
            ("the victim as a literal", f'{{ citizen(by: {{ personalId: "{known.victim}" }}) {{ fullName }} }}', ("NOT_A_SUBJECT",), {}),
            ("the victim by another key", "query ($id: FormerId!) { citizen(by: { formerId: $id }) { fullName } }", ("FORBIDDEN_ARGUMENT", "INVALID"), {"id": "123456789"}),
            ("the victim by global id", node, refused, {"id": known.victim_id}),
            ("the victim in a list of global ids", nodes, refused, {"id": known.victim_id}),
            ("a field beyond the documents", citizen % "ethnicity", ("FORBIDDEN_FIELD",), own),
            ("the same in a fragment", "query ($id: PersonalId!) { citizen(by: {personalId: $id}) { ...f } } fragment f on Citizen { ethnicity }", ("FORBIDDEN_FIELD",), own),
            ("the same on an interface", citizen % "... on Subject { ... on Citizen { ethnicity } }", ("FORBIDDEN_FIELD",), own),
            ("the same behind @skip", "query ($id: PersonalId!, $no: Boolean = true) { citizen(by: {personalId: $id}) { fullName ethnicity @skip(if: $no) } }", ("FORBIDDEN_FIELD",), own),
            ("the spouse's land", citizen % "maritalStatuses(first: 10, orderBy: [{since: DESC}]) { nodes { spouse { landUseRights(first: 10) { nodes { area } } } } }", ("FORBIDDEN_FIELD",), own),
            ("the past", "query ($id: PersonalId!) @asOf(instant: \"2026-01-01T00:00:00Z\") { citizen(by: {personalId: $id}) { fullName } }", ("FORBIDDEN_ARGUMENT",), own),
            ("evidence and copies", citizen % "discrepancies(first: 5) { nodes { held recorded } }", refused, own),
        )
    )  # fmt: skip


def _oracles(known: Knowledge) -> tuple[Attempt, ...]:
    own = {"id": known.subject}
    rights = "query ($id: PersonalId!) { citizen(by: { personalId: $id }) { landUseRights(first: 100, %s) { %s } } }"
    fixed = "filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }]"
    return tuple(
        Attempt("oracle", words, query, answers, own, _own(known))
        for words, query, answers in (
            ("filter by another field", rights % ("filter: { status: { eq: REGISTERED }, issuedOn: { gt: \"2000-01-01\" } }, orderBy: [{ issuedOn: ASC }]", "nodes { area }"), ("FORBIDDEN_ARGUMENT",)),
            ("filter through a link", rights % ("filter: { status: { eq: REGISTERED }, parcel: { area: { gt: 100 } } }, orderBy: [{ issuedOn: ASC }]", "nodes { area }"), ("FORBIDDEN_ARGUMENT",)),
            ("order the other way", rights % ("filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: DESC }]", "nodes { area }"), ("FORBIDDEN_ARGUMENT",)),
            ("count what is not listed", rights % (fixed, "totalCount"), ("FORBIDDEN_FIELD",)),
            ("a larger page", (rights % (fixed, "nodes { area }")).replace("first: 100", "first: 101"), ("FORBIDDEN_ARGUMENT",)),
            ("a forged cursor", rights % (f'{fixed}, after: "WzEsMV0="', "nodes { area }"), ("FORBIDDEN_ARGUMENT",)),
        )
    )  # fmt: skip


def _other_doors(known: Knowledge) -> tuple[Attempt, ...]:
    decide = {"field": "TAX_OBLIGATION_DEBTOR", "recordId": "x", "subjectId": "y", "verdict": "SAME", "reason": "z"}
    mutation = "mutation ($input: DecideLinkInput!) { decideLink(input: $input) { decision { id } } }"
    undo = 'mutation { undoDecision(input: { decisionId: "1", reason: "x" }) { decision { id } } }'
    smuggled = {"x-forwarded-user": "operator", "x-remote-user": "operator", "x-hub-role": "operator"}
    log = "{ accessLog(first: 1) { nodes { at } } }"
    group = '{source: "land", stream: "x", entity: "Citizen", rule: "x"}'
    stewards = (
        ("sources", "operations", "{ sources { name } }"),
        ("rejected rows by rule", "operations", "{ rejectedRows { rows } }"),
        ("how good the data of a commune is", "quality", '{ quality(unit: "06820@2025-07-01") { totalCount } }'),
        ("accept drift", "operations", "mutation { acceptDrift(input: { number: 1 }) { number } }"),
        ("values of rejected rows", "quarantine", f"{{ rejectedRowValues(group: {group}) {{ nodes {{ cells {{ value }} }} }} }}"),
        ("a sector's file of discrepancies", "handover", "{ discrepancyHandover(sector: LAND) { csv } }"),
        ("what sources are asked to correct", "corrections", "{ corrections(first: 1) { nodes { held claimed } } }"),
    )  # fmt: skip
    return (
        *(Attempt("other doors", f"{words}, as a steward", query, ("PURPOSE_FORBIDDEN",), headers=_under(purpose)) for words, purpose, query in stewards),
        *(Attempt("other doors", f"{words}, under the dossier", query, ("FORBIDDEN_FIELD", "FORBIDDEN_OPERATION"), headers=_own(known)) for words, _, query in stewards),
        Attempt("other doors", "prefill for another purpose", '{ prefill(procedure: "birth-registration") { __typename } }', ("FORBIDDEN_FIELD", "FORBIDDEN_ARGUMENT", "UNKNOWN_PROCEDURE"), headers=_own(known)),
        Attempt("other doors", "prefill for someone else", f'{{ prefill(procedure: "{TRANSFER}", subjects: [{{ role: "transferor", subject: {{ citizen: {{ personalId: "{known.victim}" }} }} }}]) {{ __typename }} }}', ("FORBIDDEN_FIELD", "FORBIDDEN_ARGUMENT", "BAD_USER_INPUT"), headers=_own(known)),
        Attempt("other doors", "a guessed snapshot", SNAPSHOT, ("SNAPSHOT_UNKNOWN",), {"id": global_id("PrefillSnapshot", 1)}, _own(known)),
        Attempt("other doors", "papers of another dossier", "{ paperRequests { requirement } }", ("DOSSIER_UNKNOWN",), headers={"x-hub-dossier": known.foreign_dossier}),
        Attempt("other doors", "evidence under another dossier", '{ linkEvidence(record: "Q2l0aXplbjox") { status } }', ("DOSSIER_UNKNOWN",), headers={"x-hub-dossier": known.foreign_dossier}),
        Attempt("other doors", "snapshots of another dossier", "{ prefillSnapshots { id } }", ("DOSSIER_UNKNOWN",), headers={"x-hub-dossier": known.foreign_dossier}),
        Attempt("other doors", "a snapshot of another dossier", KEEP, ("DOSSIER_UNKNOWN",), headers={"x-hub-dossier": known.foreign_dossier}),
        Attempt("other doors", "somebody else beside the snapshots", "query ($id: PersonalId!) { prefillSnapshots { id } citizen(by: { personalId: $id }) { fullName } }", ("FORBIDDEN_FIELD",), {"id": known.victim}, _own(known)),
        Attempt("other doors", "the queue of reviewers", "{ reviewQueue(first: 1) { totalCount } }", ("PURPOSE_FORBIDDEN",), headers=_under("review")),
        Attempt("other doors", "decide on a link", mutation, ("FORBIDDEN_OPERATION",), {"input": decide}),
        Attempt("other doors", "decide on a link under the dossier", mutation, ("FORBIDDEN_OPERATION",), {"input": decide}, _own(known)),
        Attempt("other doors", "undo a decision", undo, ("FORBIDDEN_OPERATION",), headers=_own(known)),
        Attempt("other doors", "the log of who read whom", log, ("PURPOSE_FORBIDDEN",), headers=_under("audit")),
        Attempt("other doors", "the log under the dossier", log, ("FORBIDDEN_FIELD", "INVALID"), headers=_own(known)),
        Attempt("other doors", "discrepancies of a sector", "{ discrepancies(first: 1) { nodes { held } } }", ("PURPOSE_FORBIDDEN",), headers=_under("reconcile")),
        Attempt("other doors", "another's own data, as a portal", NAME_BY_KEY, ("PURPOSE_FORBIDDEN",), {"id": known.victim}, _under("portal")),
        Attempt("other doors", "roles in headers", "{ citizens { totalCount } }", ("FORBIDDEN_FIELD",), headers=smuggled),
        Attempt("other doors", "follow changes of everyone", "subscription { recordChanged(types: [Citizen]) { recordId } }", ("FORBIDDEN_OPERATION",), headers={"accept": "text/event-stream"}),
        Attempt("other doors", "follow changes under the dossier", "subscription { recordChanged(types: [Citizen]) { recordId } }", ("FORBIDDEN_OPERATION",), headers={"accept": "text/event-stream", **_own(known)}),
    )  # fmt: skip


def _by_design(known: Knowledge) -> tuple[Attempt, ...]:
    read = "query ($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName birthDate residenceAddress } }"
    by_words = """{ citizens(first: 5, filter: { fullName: { words: "nguyen" }, birthDate: { eq: "1980-05-14" } }) {
        nodes { fullName } } }"""
    subjects = [
        {"role": "transferor", "subject": {"citizen": {"personalId": known.victim}}},
        {"role": "transferee", "subject": {"citizen": {"personalId": known.counterparty}}},
    ]
    opened = {"code": "H49.12-251118-7777", "purpose": TRANSFER, "office": known.office, "subjects": subjects}
    taken = {**opened, "code": known.foreign_dossier}
    person = [{"role": "person", "subject": {"citizen": {"personalId": known.victim}}}]
    emergency = {"purpose": "emergency", "office": known.office, "subjects": person, "reason": "không có thật, để thử"}
    names = "holder { ... on Citizen { personalId fullName birthDate } }"
    return (
        Attempt("by design", "the schema", "{ __schema { types { name } } }", (GOT,)),
        Attempt("by design", "public data", "{ administrativeUnits(first: 3) { nodes { name } } }", (GOT,)),
        Attempt("by design", "the subject of the own dossier", read, (GOT,), {"id": known.subject}, _own(known)),
        Attempt("by design", "anyone by an exact identifier", NAME_BY_KEY, (GOT,), {"id": known.victim}, _under(IDENTIFY)),
        Attempt("by design", "five people by words of a name and birth date", by_words, (GOT,), headers=_under(IDENTIFY)),
        Attempt("by design", "the holder of a certificate by its serial", BY_CERTIFICATE % names, (GOT,), {"serial": known.certificate}, _under(IDENTIFY)),
        Attempt("by design", "a business by its code", BY_CODE % "legalName status", (GOT,), {"code": known.business}, _under(IDENTIFY)),
        Attempt("by design", "the codes of the own office's dossiers", LIST_DOSSIERS, (GOT,), {"prefix": "H49"}),
        Attempt("by design", "a request for emergency access to the victim", EMERGENCY, (GOT,), {"input": emergency}),
        Attempt("by design", "whether an identifier is anyone's", NAME_BY_KEY, (GOT,), {"id": known.absent}, _under(IDENTIFY)),
        Attempt("by design", "whether a dossier's code is taken", OPEN, ("DOSSIER_EXISTS",), {"input": taken}),
        Attempt("by design", "a dossier for the victim at the own office", OPEN, (GOT,), {"input": opened}),
        Attempt("by design", "the victim under it", read, (GOT,), {"id": known.victim}, {"x-hub-dossier": opened["code"]}),
    )  # fmt: skip
