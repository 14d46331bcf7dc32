"""Vetoes: what keeps a record from being joined to a subject, however much else agrees. Three tables, to be read by a lawyer.

`VETOES` has the reasons, in the words that a reviewer reads. `SUBJECTS`, `EVENTS` and `PAIRS` say which values of which entity they
are drawn from. A veto never removes a candidate: the record goes to review, and a person decides. Vetoes hold for rules and for
the model alike.
"""

from dataclasses import dataclass, replace

from schema.core import Label

PERSONAL_ID_FORM = "^(?!000)[0-9]{3}[0-5][0-9]{8}$"
"""A personal identifier that can have been issued: a place of registration, a century that has begun or the next, a year, a number."""


@dataclass(frozen=True)
class Veto:
    """One reason; `reason` is what a reviewer reads, `holds_if` when it applies."""

    code: str
    reason: Label
    holds_if: str


VETOES: tuple[Veto, ...] = (
    Veto(
        "ANOTHER_IDENTIFIER",
        Label("Hồ sơ ghi một số định danh hợp lệ khác", "The record has another valid identifier"),
        "The record has a complete personal identifier that is not the person's, or of a household not its head's, and differs from"
        " it by more than one typing error; or beside the person's identifier a tax code that is such a one.",
    ),
    Veto(
        "IDENTIFIER_OF_ANOTHER",
        Label("Số định danh đã ghi là của người khác", "The recorded identifier is somebody else's"),
        "The recorded number is one typing error away from the person's, and exactly that of another person in the register; or it is"
        " another person's former number.",
    ),
    Veto(
        "IDENTIFIER_MISTYPED",
        Label(
            "Số định danh sai một chữ số, không có nơi ở hay người cùng hộ xác nhận",
            "One digit of the identifier is wrong, and neither residence nor household agrees",
        ),
        "The recorded number is one typing error away from the person's, and only name and birth date agree: neither the address nor"
        " anybody of the household.",
    ),
    Veto(
        "NAMESAKE_FITS_BETTER",
        Label(
            "Có người trùng họ tên phù hợp hơn với hồ sơ",
            "A namesake fits the record better",
        ),
        "Another person's name is exactly the recorded one, and this one's is not; and that person was born on the same day as this one,"
        " lives at the same address, or fits the recorded birth date or address better. Or another person of the same name, tone marks"
        " aside, born on the same day, lives at the recorded address, and this one does not.",
    ),
    Veto(
        "BIRTH_DIFFERS",
        Label("Ngày sinh khác, và không đủ thông tin khác xác nhận", "Another birth date, and not enough else agrees"),
        "Birth dates differ in the year, by more than one typing error and not by one year alone; unless an identifier, the whole name, and"
        " the address or somebody of the household agree.",
    ),
    Veto(
        "NAME_AND_YEAR_ONLY",
        Label("Chỉ có họ tên và một phần ngày sinh trùng nhau", "Only name and part of the birth date agree"),
        "Nothing but the name, or name and part of the birth date, agrees: no identifier, no full birth date, no address, nobody of the household.",
    ),
    Veto(
        "BORN_AFTER",
        Label("Người này sinh sau ngày của hồ sơ", "Born after the day of the record"),
        "The person was born after the day on which the record says that something happened (see the events).",
    ),
    Veto(
        "TOO_YOUNG",
        Label("Người này chưa đủ tuổi theo quy định", "Younger than the law requires"),
        "On that day the person was younger than the event requires. If no day is recorded, the day on which the hub first saw the"
        " record counts.",
    ),
    Veto(
        "TOO_OLD",
        Label("Người này quá tuổi để có vai trò này", "Too old for this"),
        "On that day the person was older than anybody to whom it happens: the child of a birth registration was born about then, a mother"
        " is at most 60, a father at most 90.",
    ),
    Veto(
        "OF_ANOTHER_SEX",
        Label("Giới tính không phù hợp với vai trò trong hồ sơ", "Of the other sex than the role in the record"),
        "The register has the person as male and the record as the mother, or the other way round.",
    ),
    Veto(
        "DIED_BEFORE",
        Label("Người này đã chết trước ngày của hồ sơ", "Died before the day of the record"),
        "The person died before an event that takes a living person.",
    ),
    Veto(
        "IS_THE_SPOUSE",
        Label("Người này là vợ hoặc chồng trong cùng hồ sơ", "Is the other spouse of the same record"),
        "Both spouses of one marriage would be one person. The claim that rests on less is vetoed; both, if they rest on the same.",
    ),
    Veto(
        "SPOUSES_OF_ONE_SEX",
        Label("Vợ và chồng có cùng giới tính", "Both spouses are of one sex"),
        "The register has the same sex for both. The claim that rests on less is vetoed; both, if they rest on the same.",
    ),
    Veto(
        "IS_ANOTHER_PARTY",
        Label("Người này đã là một bên khác trong cùng hồ sơ", "Is another party of the same record"),
        "Two parties of one record who cannot be one person would be: child and parent, mother and father, the two sides of a transfer."
        " The claim that rests on less is vetoed; both, if they rest on the same.",
    ),
    Veto(
        "IS_THE_CO_HOLDER",
        Label(
            "Người này đã là đồng chủ sử dụng trên cùng giấy chứng nhận",
            "Is the co-holder on the same certificate",
        ),
        "Two holders with different names on one certificate of one parcel would be one person or household. Which parcel it is, is told by"
        " sheet and number; a row that states none may be of the same.",
    ),
    Veto(
        "IS_ANOTHER_MEMBER",
        Label("Người này đã là một thành viên khác của hộ", "Is another member of the household"),
        "Two members of one household with different names would be one person. The claim that rests on less is vetoed; both, if they rest"
        " on the same.",
    ),
)


@dataclass(frozen=True)
class SubjectFacts:
    """A kind of subject, the person that it goes by, and the fields of that person that vetoes read. If it is no person itself,
    `through` is the field of the subject that holds the person's `number`."""

    kind: str
    person: str
    number: str
    former: str
    name: str
    born: str
    died: str
    sex: str
    address: str
    through: str | None = None


CITIZEN = SubjectFacts(
    kind="Citizen",
    person="Citizen",
    number="personal_id",
    former="former_id",
    name="full_name",
    born="birth_date",
    died="death_date",
    sex="sex",
    address="residence_address",
)
HOUSEHOLD = replace(CITIZEN, kind="Household", through="head_personal_id")
"""A household goes by its head. Events say nothing of the head of today."""
SUBJECTS = (CITIZEN, HOUSEHOLD)


@dataclass(frozen=True)
class Event:
    """What a record of a linked field says happened, on `day`, a column of the record. It takes a person who is born by then (unless it
    `is_birth`, their own), alive if `takes_living`, of `least_age` to `greatest_age` years and of `sex`, if given; only records whose
    `column` has one of `codes` are meant, if given."""

    field: str
    day: str
    takes_living: bool = True
    least_age: int | None = None
    greatest_age: int | None = None
    sex: str | None = None
    is_birth: bool = False
    column: str | None = None
    codes: tuple[str, ...] = ()


EVENTS: tuple[Event, ...] = (
    Event("LandUseRight.holder", "issued_on"),
    Event("HouseholdMembership.member", "since"),
    # Marriage and Family Law 2014, art. 8: 18 for women, 20 for men; earlier marriages were registered from 18.
    Event("MaritalStatus.person", "since", least_age=18, column="state", codes=("MARRIED",)),
    Event("MaritalStatus.spouse", "since", least_age=18, column="state", codes=("MARRIED",)),
    # Law on Enterprises 2020, art. 17: minors neither establish nor manage; a member may have inherited.
    Event(
        "BusinessRole.person", "since", least_age=18, column="role",
        codes=("OWNER", "LEGAL_REPRESENTATIVE", "DIRECTOR"),
    ),
    Event("BusinessRole.person", "since", column="role", codes=("MEMBER",)),
    Event("Taxpayer.party", "registered_on"),
    # Debts go on after death, until the estate is divided.
    Event("TaxObligation.debtor", "year", takes_living=False),
    Event("Benefit.beneficiary", "since"),
    Event("BirthRegistration.child", "registered_on", takes_living=False),
    # A year off is a typing error; a parent or grandparent is not the child.
    Event("BirthRegistration.child", "birth_date", takes_living=False, least_age=-1, greatest_age=1, is_birth=True),
    # The youngest and the oldest parents in civil-status registers; a father may have died before the birth.
    Event("BirthRegistration.mother", "birth_date", least_age=12, greatest_age=60, sex="FEMALE"),
    Event(
        "BirthRegistration.father", "birth_date", takes_living=False, least_age=12, greatest_age=90, sex="MALE",
    ),
    Event("BirthNotice.mother", "birth_date", least_age=12, greatest_age=60, sex="FEMALE"),
    Event("DeathRegistration.deceased", "died_on", takes_living=False),
    Event("Pension.beneficiary", "since"),
    Event("HealthInsuranceCard.holder", "valid_from"),
    Event(
        "LandTransferSlip.transferor", "issued_on", column="kind",
        codes=("SALE", "GIFT", "EXCHANGE", "CONTRIBUTION"),
    ),
    Event("LandTransferSlip.transferee", "issued_on"),
)  # fmt: skip


@dataclass(frozen=True)
class PairFacts:
    """Two linked fields of which no two claims on records that stand together can be one subject: `veto` says why. `on` says which
    records stand together, `{t}` of `field` and `{o}` of `other`; `alike` is SQL over their subjects `{s}` and `{x}`, by default that
    they are one."""

    field: str
    other: str
    veto: str
    on: str
    alike: str | None = None


OF_ONE_SEX = "{s}.sex in ('MALE', 'FEMALE') and {s}.sex = {x}.sex and {s}.id <> {x}.id"
SHEET_AND_PARCEL = r"ltrim(substring({0}.parcel_number from '([0-9]+):[0-9]+$'), '0') || ':' || ltrim(substring({0}.parcel_number from '([0-9]+)$'), '0')"
"""Sheet and number of a parcel, whatever commune it is counted in, without zeros in front."""
CO_HOLDERS = (
    "{t}.certificate_serial = {o}.certificate_serial and {t}.status = {o}.status and {t}.id <> {o}.id"
    " and hub.name_key({t}.holder_name) is distinct from hub.name_key({o}.holder_name)"
    # Of a row that states no parcel it is not known that it is another one.
    f" and coalesce({SHEET_AND_PARCEL.format('{t}')} = {SHEET_AND_PARCEL.format('{o}')}, true)"
)
MEMBERS = (
    "{t}.household_code = {o}.household_code and {t}.id <> {o}.id"
    " and hub.name_key({t}.member_name) is distinct from hub.name_key({o}.member_name)"
)
SAME_RECORD = "{t}.id = {o}.id"
DISTINCT_PARTIES = (
    ("BirthRegistration.child", "BirthRegistration.mother"),
    ("BirthRegistration.child", "BirthRegistration.father"),
    ("BirthRegistration.mother", "BirthRegistration.father"),
    ("LandTransferSlip.transferor", "LandTransferSlip.transferee"),
)
"""Parties of one record that cannot be one person."""
PAIRS: tuple[PairFacts, ...] = (
    PairFacts("MaritalStatus.person", "MaritalStatus.spouse", "IS_THE_SPOUSE", SAME_RECORD),
    PairFacts("MaritalStatus.spouse", "MaritalStatus.person", "IS_THE_SPOUSE", SAME_RECORD),
    PairFacts("MaritalStatus.person", "MaritalStatus.spouse", "SPOUSES_OF_ONE_SEX", SAME_RECORD, OF_ONE_SEX),
    PairFacts("MaritalStatus.spouse", "MaritalStatus.person", "SPOUSES_OF_ONE_SEX", SAME_RECORD, OF_ONE_SEX),
    PairFacts("LandUseRight.holder", "LandUseRight.holder", "IS_THE_CO_HOLDER", CO_HOLDERS),
    PairFacts("HouseholdMembership.member", "HouseholdMembership.member", "IS_ANOTHER_MEMBER", MEMBERS),
    *(
        PairFacts(field, other, "IS_ANOTHER_PARTY", SAME_RECORD)
        for pair in DISTINCT_PARTIES
        for field, other in (pair, pair[::-1])
    ),
)
