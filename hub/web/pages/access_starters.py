"""Starter queries while access is on: each with the header that says for what it asks, and one that is refused for want of it.

`hub demo` opens the dossier that they name. Whoever runs them is signed in as one of the demonstration's identities.
"""

from dataclasses import dataclass

from hub.web.pages.graphiql_page import StarterQuery
from hub.web.pages.starters import PREFILL_ANSWERS, UNITS

DOSSIER_HEADER, PURPOSE_HEADER = "X-Hub-Dossier", "X-Hub-Purpose"

TRANSFER = """\
# Đăng nhập: Cán bộ đăng ký đất đai. Chỉ đọc được dữ liệu của các bên trong hồ sơ, và chỉ những trường mà thủ tục cần.
# Sign in as the land officer. Only parties of the dossier can be read, and only what the procedure needs.
query LandRightTransfer($personalId: PersonalId!) {
  citizen(by: { personalId: $personalId }) {
    fullName
    birthDate
    residence { name }
    landUseRights(first: 100, filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }]) {
      nodes { certificateSerial issuedOn area parcel { mapSheet ordinal area commune { name } } provenance { source asOf } }
    }
    taxObligations(first: 100, filter: { status: { in: [DUE, PARTLY_PAID, OVERDUE] } }, orderBy: [{ dueOn: ASC }]) {
      nodes { kind year amount status }
    }
  }
}
"""
PREFILL = f"""\
# Điền sẵn hồ sơ: bên chuyển nhượng và bên nhận chuyển nhượng là các bên của hồ sơ.
# Prefill the dossier's procedure: the subjects are those of the dossier.
{{
  prefill(procedure: "land-right-transfer") {{
{PREFILL_ANSWERS}  }}
}}
"""
KEEP = """\
# Lưu kết quả điền sẵn cùng hồ sơ. Sau đó mở /dossiers/{dossier}/receipt để in phiếu cho công dân.
# Keep the answer with the dossier. Then open /dossiers/{dossier}/receipt to print the citizen's receipt.
mutation KeepPrefill {{
  keepPrefill(input: {{}}) {{
    snapshot {{ id at digest }}
  }}
}}
"""
ASK_FOR_PAPER = """\
# Hỏi công dân thứ Nhà nước đã có: bị từ chối, và được đếm. Trước hết lưu kết quả điền sẵn.
# Ask the citizen for what the state holds: refused, and counted. Keep the prefill first.
mutation AskForPaper {
  requestPaper(input: { requirement: "transferor_name" }) {
    request { status reasons }
  }
}
"""
IDENTIFY = """\
# Người đứng trước quầy là ai: theo số định danh. Không cần hồ sơ, chỉ vài trường.
# Who stands at the counter, by identifier. No dossier is needed, and few fields are given.
query Identify($personalId: PersonalId!) {
  citizen(by: { personalId: $personalId }) { fullName birthDate sex residenceUnitCode }
}
"""
REVIEW = """\
# Đăng nhập: Người rà soát liên kết.
# Sign in as the reviewer of links.
{
  reviewQueue(first: 5) {
    totalCount
    nodes { field weight candidates { method weight evidence { comparison outcome bits } } }
  }
}
"""
EXPLORE = """\
# Đăng nhập: Người tra cứu. Mọi giá trị đều được che; không tìm được một người cụ thể.
# Sign in as the explorer. Every value is masked, and nobody can be looked up.
{
  citizens(first: 5) {
    nodes { fullName personalId birthDate landUseRights(first: 3) { nodes { certificateSerial parcel { area } } } }
  }
}
"""


@dataclass(frozen=True)
class AccessExamples:
    """What the starters name: an open dossier, its transferor, and someone who is in no dossier."""

    dossier: str
    transferor: str
    stranger: str


def access_starters(examples: AccessExamples) -> tuple[StarterQuery, ...]:
    """The starters of a demonstration with access on."""
    dossier = {DOSSIER_HEADER: examples.dossier}
    seller, stranger = {"personalId": examples.transferor}, {"personalId": examples.stranger}
    return (
        StarterQuery("Hồ sơ chuyển nhượng đất", "Land transfer, on its dossier", TRANSFER, seller, dossier),
        StarterQuery("Điền sẵn hồ sơ", "Prefill the dossier", PREFILL, {}, dossier),
        StarterQuery(
            "Lưu kết quả, in phiếu",
            "Keep the prefill, print the receipt",
            KEEP.format(dossier=examples.dossier),
            {},
            dossier,
        ),
        StarterQuery(
            "Hỏi giấy tờ đã có: bị từ chối", "Ask for a paper that is held: refused", ASK_FOR_PAPER, {}, dossier
        ),
        StarterQuery(
            "Cùng câu hỏi, không có hồ sơ: bị từ chối", "The same without a dossier: refused", TRANSFER, seller
        ),
        StarterQuery(
            "Người ngoài hồ sơ: bị từ chối", "A person outside the dossier: refused", TRANSFER, stranger, dossier
        ),
        StarterQuery("Xác định người đến quầy", "Identify a person", IDENTIFY, stranger, {PURPOSE_HEADER: "identify"}),
        StarterQuery("Rà soát liên kết", "Review links", REVIEW, {}, {PURPOSE_HEADER: "review"}),
        StarterQuery("Tra cứu dữ liệu đã che", "Explore masked data", EXPLORE, {}, {PURPOSE_HEADER: "explore"}),
        StarterQuery("Mã xã cũ và mới: công khai", "Old and new commune codes: public", UNITS),
    )
