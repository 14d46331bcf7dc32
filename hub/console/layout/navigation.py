"""The pages that somebody may open, by their roles: the links of the header, and where they begin. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.callers.principals import Principal, Role
from schema.core import Label

CONSOLE_PATH = "/console"
DOSSIERS_PATH = f"{CONSOLE_PATH}/dossiers"


@dataclass(frozen=True)
class PageLink:
    """A link of the header."""

    path: str
    name: Label


QUALITY_LINK = PageLink("/console/quality", Label("Chất lượng", "Quality"))
SOURCE_LINKS = (
    PageLink("/console/sources", Label("Nguồn dữ liệu", "Sources")),
    PageLink("/console/sources/waiting", Label("Việc chờ xử lý", "Waiting")),
    PageLink("/console/rejected", Label("Bản ghi bị loại", "Rejected rows")),
    PageLink("/console/discrepancies", Label("Sai lệch", "Discrepancies")),
    QUALITY_LINK,
)
OWN_LINK = PageLink("/console/mine", Label("Dữ liệu của tôi", "My data"))
LINKS: Mapping[Role, tuple[PageLink, ...]] = {
    Role.OFFICER: (
        PageLink(CONSOLE_PATH, Label("Tìm người, hồ sơ", "Search")),
        PageLink(DOSSIERS_PATH, Label("Hồ sơ của cơ quan", "Dossiers")),
    ),
    Role.REVIEWER: (
        PageLink("/console/review", Label("Rà soát liên kết", "Links")),
        PageLink("/console/review/checks", Label("Ý kiến thứ hai", "Second opinions")),
        *SOURCE_LINKS,
    ),
    Role.OPERATOR: (*SOURCE_LINKS, PageLink("/console/state", Label("Tình trạng trục", "State"))),
    Role.AUDITOR: (
        PageLink("/console/log", Label("Nhật ký", "Log")),
        PageLink("/console/ledger", Label("Tình trạng nhật ký", "Ledger")),
        PageLink("/console/breach", Label("Vi phạm dữ liệu", "Breach")),
        QUALITY_LINK,
    ),
}
"""By role; the first link is where somebody with the role begins."""


def list_links(principal: Principal) -> tuple[PageLink, ...]:
    """The links of everything that the principal may open, in order, each once."""
    found = {link.path: link for role, links in LINKS.items() if role in principal.roles for link in links}
    if principal.personal_ids:
        found[OWN_LINK.path] = OWN_LINK
    return tuple(found.values())


def find_home(principal: Principal) -> str | None:
    """Where the principal begins; None if there is no page for them."""
    links = list_links(principal)
    return links[0].path if links else None
