"""The starter queries of GraphiQL: six ways into the graph, for a person who sees it for the first time."""

from dataclasses import dataclass

from hub.web.pages.graphiql_page import StarterQuery

CITIZEN = """\
# Một công dân, với quyền sử dụng đất → thửa đất → xã (mã cũ và mới), nghĩa vụ thuế, vai trò → doanh nghiệp.
# One citizen across four sectors: one request, one SQL statement.
query LinkedCitizen($personalId: PersonalId!) {
  citizen(by: { personalId: $personalId }) {
    fullName
    birthDate
    residence { name unitCode }
    landUseRights(first: 10) {
      nodes {
        certificateSerial
        share
        parcel {
          parcelNumber
          area
          commune {
            name
            unitCode
            successors { nodes { kind successor { name unitCode } } }
          }
          provenance { source asOf sourceKey }
        }
        parcelLink { status method }
        holderLink { status method decidedAt recorded { name identifier } }
        provenance { source asOf sourceKey }
      }
    }
    taxObligations(first: 10, orderBy: { dueOn: DESC }) {
      nodes { kind year amount status payments { nodes { amount paidOn } } provenance { source asOf sourceKey } }
    }
    businessRoles(first: 10) {
      nodes {
        role
        since
        business { legalName enterpriseCode status provenance { source asOf sourceKey } }
        provenance { source asOf sourceKey }
      }
    }
    provenance { source asOf sourceKey }
  }
}
"""

PREFILL_ANSWERS = """\
    procedure { name { vi en } version }
    blockedBy { label { vi en } sure }
    answers {
      requirement { label { vi en } holder }
      role
      items { key }
      status
      reasons
      values { display { vi } source asOf linkStatus losingValues { text kind source } }
      none { label { vi } source asOf }
    }
    stillToAsk { requirement { label { vi en } } role status }
"""
PREFILL = f"""\
# Điền sẵn hồ sơ chuyển nhượng quyền sử dụng đất: đã có gì, còn phải hỏi gì.
# Prefill a land transfer: the values held, and the questions still to ask.
query Prefill($transferor: PersonalId!, $transferee: PersonalId!) {{
  prefill(
    procedure: "land-right-transfer"
    subjects: [
      {{ role: "transferor", subject: {{ citizen: {{ personalId: $transferor }} }} }}
      {{ role: "transferee", subject: {{ citizen: {{ personalId: $transferee }} }} }}
    ]
  ) {{
{PREFILL_ANSWERS}  }}
}}
"""

SEARCH = """\
# Gõ những gì có trong tay: họ tên (không cần dấu, không cần đúng thứ tự), ngày sinh, số định danh, số CMND, số sổ đỏ, mã doanh nghiệp.
# Type whatever is at hand: a name in any order and without marks, a birth date, an identifier, a certificate or an enterprise code.
query Search($text: String!) {
  search(text: $text, first: 10) {
    hasMore
    hits {
      matchedOn
      node {
        __typename
        ... on Citizen { personalId fullName birthDate residence { name } }
        ... on Business { registrationNumber legalName status }
        ... on LandUseRight { certificateSerial holder { ... on Citizen { fullName } } }
      }
    }
  }
}
"""

UNITS = """\
# Một mã xã không có ngày là mơ hồ: 06820 trước 2025-07-01 là Trưng Vương, nay là Vàng Danh.
# A commune code without its date is ambiguous: the same code, twice.
{
  before: administrativeUnit(by: { unitCode: "06820@2025-06-30" }) {
    name
    unitCode
    validTo
    successors { nodes { kind successor { name unitCode } } }
  }
  since: administrativeUnit(by: { unitCode: "06820@2025-07-01" }) {
    name
    unitCode
    validFrom
    predecessors { nodes { kind predecessor { name unitCode } } }
  }
}
"""

UNCONFIRMED = """\
# Quyền sử dụng đất và cách nối với thửa đất: đã xác nhận, hay chỉ có ứng viên; không bao giờ đoán.
# Land-use rights and how they were linked: confirmed, or candidates only. Never a guess.
query Links($first: Int = 20) {
  landUseRights(first: $first, filter: { status: { eq: REGISTERED } }) {
    nodes {
      certificateSerial
      parcelLink { status method recorded { parcelNumber } candidates { method subject { parcelNumber commune { name } } } }
      holderLink { status method recorded { name birthDate } candidates { method } }
    }
  }
}
"""


CERTAINTY = """\
# Một người: liên kết nào chắc, nào có khả năng, nào còn chờ, vì sao;
# và ngành nào ghi khác.
# One person: which links are sure, probable or still open, and why;
# and which sector has written something else.
query Certainty($personalId: PersonalId!) {
  citizen(by: { personalId: $personalId }) {
    fullName
    mergedFrom { personalId since }
    landUseRights(first: 10) {
      nodes { certificateSerial holderLink { ...Party } parcelLink { ...Parcel } }
    }
    taxObligations(first: 10) {
      nodes { kind year debtorLink { ...Party } parcelLink { ...Parcel } }
    }
    discrepancies(first: 10) {
      totalCount
      nodes {
        field held recorded kind sector source since
        recordedIn { type field }
      }
    }
  }
}

fragment Party on PartyLink {
  status method weight confidence decidedBy decidedAt
  recorded { name birthDate identifier }
  evidence { comparison outcome bits }
}

fragment Parcel on ParcelLink {
  status method weight decidedBy
  recorded { parcelNumber }
  evidence { comparison outcome bits }
  candidates {
    method weight
    subject { parcelNumber commune { name } }
    evidence { comparison outcome bits }
  }
}
"""


@dataclass(frozen=True)
class Examples:
    """Personal identifiers of people to show, empty if none is known: one whose records are all `linked` surely, and one of
    whom some links are `doubtful`."""

    linked: str = ""
    doubtful: str = ""


def starter_queries(examples: Examples) -> tuple[StarterQuery, ...]:
    """The starters; those of one person ask for an example."""
    person = {"personalId": examples.linked}
    parties = {"transferor": examples.linked, "transferee": examples.doubtful}
    return (
        StarterQuery("Một công dân, liên thông bốn ngành", "One citizen across four sectors", CITIZEN, person),
        StarterQuery("Điền sẵn: chuyển nhượng đất", "Prefill: land transfer", PREFILL, parties),
        StarterQuery(
            "Tìm theo tên, ngày sinh, số giấy tờ",
            "Search by name, birth date or number",
            SEARCH,
            {"text": "hoa nguyen thi"},
        ),
        StarterQuery("Mã xã cũ và mới", "Old and new commune codes", UNITS),
        StarterQuery("Đã nối và chưa nối", "Linked and not yet linked", UNCONFIRMED),
        StarterQuery("Chắc đến đâu, vì sao", "How sure, and why", CERTAINTY, {"personalId": examples.doubtful}),
    )
