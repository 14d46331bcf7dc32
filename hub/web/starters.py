"""The starter queries of GraphiQL: five ways into the graph, for a person who sees it for the first time."""

from hub.web.graphiql_page import StarterQuery

CITIZEN = """\
# Một công dân, với quyền sử dụng đất → thửa đất → xã (mã cũ và mới), nghĩa vụ thuế, vai trò → doanh nghiệp.
# One citizen across four sectors: one request, one SQL statement.
query LinkedCitizen($personalId: PersonalId!) {
  citizen(personalId: $personalId) {
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

PREFILL = """\
# Điền sẵn hồ sơ chuyển nhượng quyền sử dụng đất: đã có gì, còn phải hỏi gì.
# Prefill a land transfer: what is held, and what is still to be asked.
query Prefill($personalId: PersonalId!) {
  prefill(procedure: "land-right-transfer", personalId: $personalId) {
    procedure { name { vi en } legalBasis { title } }
    answers {
      requirement { label { vi en } holder }
      status
      values { value label { vi } of source asOf }
    }
    stillToAsk { label { vi en } }
  }
}
"""

SEARCH = """\
# Tìm theo tên, không phân biệt dấu và chữ hoa: "nguyen thi hoa" tìm thấy "Nguyễn Thị Hoà".
# Search by name without regard to tone marks and case; page with `after`.
query Search($prefix: String!, $after: String) {
  citizens(filter: { fullName: { prefix: $prefix } }, orderBy: { fullName: ASC }, first: 10, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { fullName birthDate sex residence { name } }
  }
}
"""

UNITS = """\
# Một mã xã không có ngày là mơ hồ: 06820 trước 2025-07-01 là Trưng Vương, nay là Vàng Danh.
# A commune code without its date is ambiguous: the same code, twice.
{
  before: administrativeUnit(unitCode: "06820@2025-06-30") {
    name
    unitCode
    validTo
    successors { nodes { kind successor { name unitCode } } }
  }
  since: administrativeUnit(unitCode: "06820@2025-07-01") {
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


def starter_queries(personal_id: str) -> tuple[StarterQuery, ...]:
    """The starters; those of one person ask for `personal_id`, empty where no example is known."""
    person = {"personalId": personal_id}
    return (
        StarterQuery("Một công dân, liên thông bốn ngành", "One citizen across four sectors", CITIZEN, person),
        StarterQuery("Điền sẵn: chuyển nhượng đất", "Prefill: land transfer", PREFILL, person),
        StarterQuery("Tìm theo tên, không dấu", "Search by name", SEARCH, {"prefix": "nguyen thi"}),
        StarterQuery("Mã xã cũ và mới", "Old and new commune codes", UNITS),
        StarterQuery("Đã nối và chưa nối", "Linked and not yet linked", UNCONFIRMED),
    )
