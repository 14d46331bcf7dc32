"""The pages of signing in: who you are, whom you can be in the demonstration, and why signing in failed.

Plain HTML without scripts. Labels are Vietnamese first, English second.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.oidc.local_issuer import LocalIdentity
from hub.console.layout.navigation import find_home
from hub.console.words import VIETNAM
from hub.errors import HubError
from schema import units

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # under no-referrer, browsers send `Origin: null` with our own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
ROLE_LABELS: Mapping[Role, tuple[str, str]] = {
    Role.OFFICER: ("Cán bộ giải quyết thủ tục", "Officer"),
    Role.REVIEWER: ("Người rà soát liên kết", "Reviewer"),
    Role.OPERATOR: ("Người vận hành", "Operator"),
    Role.AUDITOR: ("Người kiểm tra", "Auditor"),
}
KIND_LABELS: Mapping[ClientKind, tuple[str, str]] = {
    ClientKind.APP: ("Ứng dụng", "App"),
    ClientKind.EXPLORER: ("Người tra cứu (dữ liệu được che)", "Explorer (masked data)"),
}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}"
    "h1{font-size:1.4rem}dt{font-weight:600;margin-top:.8rem}dd{margin:0}"
    "button{font:inherit;padding:.5rem 1rem;margin:.3rem 0;min-width:20rem;text-align:left}small{opacity:.75}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def content_security_policy(form_target: str | None) -> str:
    """Return the policy of these pages. `form_target` is an origin that a form is redirected to, beside our own."""
    targets = " ".join(filter(None, ("'self'", form_target)))
    return (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action {targets};"
        " base-uri 'none'; frame-ancestors 'none'"
    )


def render_me(principal: Principal, csrf_token: str | None) -> str:
    """Return the page that says who is signed in; with the button to sign out if there is a session."""
    labels = [ROLE_LABELS[role] for role in sorted(principal.roles)]
    if principal.client_kind is not None:
        labels.append(KIND_LABELS[principal.client_kind])
    facts = (
        ("Họ tên", "Name", principal.display_name),
        ("Vai trò", "Roles", "; ".join(f"{vi} · {en}" for vi, en in labels) or "chưa có · none"),
        ("Cơ quan", "Offices", ", ".join(map(name_office, sorted(principal.offices))) or "không ghi · none"),
        ("Hết phiên lúc", "Session ends", f"{principal.expires_at.astimezone(VIETNAM):%d/%m/%Y %H:%M}"),
    )
    home = find_home(principal)
    back = f'<p><a href="{escape(home)}">Về bàn làm việc · Back to the console</a></p>' if home else ""
    rows = "\n".join(f"<dt>{vi} · {en}</dt><dd>{escape(value)}</dd>" for vi, en, value in facts)
    button = "" if csrf_token is None else _form("/sign-out", {"csrf_token": csrf_token}, "Đăng xuất · Sign out")
    return _page("Bạn là ai · Who you are", f"<dl>\n{rows}\n</dl>\n{back}\n{button}")


def name_office(code: str) -> str:
    """The name of the unit that has the code, or had it last, with its code; the code alone if there never was one."""
    eras = units.read_eras().get(code, ())
    key = f"{code}@{eras[-1][0] or units.OPEN_START}" if eras else units.canonicalise_code(code)
    name = units.find_name(key) if key else None
    return f"{name} ({code})" if name else code


def render_identities(identities: Iterable[LocalIdentity], return_to: str) -> str:
    """Return the demonstration's choice of identities."""
    forms = "\n".join(
        _form("/sign-in", {"identity": identity.id, "next": return_to}, identity.display_name)
        for identity in identities
    )
    note = "<p>Đây là bản trình diễn: chọn vai để dùng thử · This is a demonstration: choose who you are.</p>"
    return _page("Đăng nhập · Sign in", f"{note}\n{forms}")


def render_refusal(error: HubError) -> str:
    """Return the page that says what failed and what to do."""
    step = f"<p>{escape(error.next_step)}</p>" if error.next_step else ""
    again = '<p><a href="/sign-in">Đăng nhập lại · Sign in again</a></p>'
    code = f"<p><small>{escape(error.code)}</small></p>"
    return _page("Không thực hiện được · It did not work", f"<p>{escape(error.message)}</p>\n{step}\n{again}\n{code}")


def principal_json(principal: Principal) -> dict[str, Any]:
    """Return what /me tells a program."""
    return {
        "id": principal.id,
        "displayName": principal.display_name,
        "isPerson": principal.is_person,
        "clientKind": principal.client_kind,
        "roles": sorted(principal.roles),
        "offices": sorted(principal.offices),
        "actingApp": principal.acting_app,
        "scopes": sorted(principal.scopes),
        "expiresAt": principal.expires_at.isoformat(),
    }


def _form(action: str, hidden: Mapping[str, str], button: str) -> str:
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    return f'<form method="post" action="{action}">{fields}<button>{escape(button)}</button></form>'


def _page(title: str, body: str) -> str:
    return PAGE.format(title=title, style=STYLE, body=body)
