"""Clients of one procedure as source text, in Python and TypeScript: the query, its types, and a program that prints a dossier's prefill.

They use the standard library of their language alone, so that they can be copied into a project as they are.
"""

from collections.abc import Iterable
from string import Template
from typing import Literal

from hub.procedures.answering.statuses import AnswerStatus, Reason
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.json_schema import value_types

ClientLanguage = Literal["python", "typescript"]
OWN_FIELDS: dict[str, tuple[str, ...]] = {
    "TextAnswer": ("text",),
    "NumberAnswer": ("number", "unit?"),
    "MoneyAnswer": ("amount", "currency"),
    "DateAnswer": ("date",),
    "CodeAnswer": ("code",),
    "PartyAnswer": ("name", "identifier?", "birthDate?"),
    "ParcelAnswer": ("parcelNumber: number", "mapSheet?", "ordinal?", "address?"),
    "AddressAnswer": ("detail?", "unit?", "unitCode?"),
}
"""Fields of each type of value, all of them text; `?` may be null. A parcel's number has an alias: elsewhere `number` is a Decimal."""
QUERY = Template("""\
query Prefill($$choices: [PrefillChoiceInput!]) {
  prefill(procedure: "$code", choices: $$choices) {
    dossier
    at
    procedure { version }
    blockedBy { code label { vi en } role sure }
    answers {
      requirement { code label { vi en } }
      role
      items { requirement key }
      status
      reasons
      values {
        __typename
        recordId
        field
        display { vi en }
        source
        asOf
        linkStatus
$fragments
      }
      none { label { vi en } source asOf }
    }
    stillToAsk { requirement { code label { vi en } } role status }
  }
}""")
PYTHON = Template('''\
"""Prefill of $code $version ($name). Made by `hub procedures client $code --language python`."""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any, Literal, TypedDict

VERSION = "$version"
QUERY = """
$query
"""
RequirementCode = Literal[$requirements]
Role = Literal[$roles]
Status = Literal[$statuses]
Reason = Literal[$reasons]


class Label(TypedDict):
    vi: str
    en: str


class ListItem(TypedDict):
    requirement: str
    key: str


class Choice(TypedDict):
    requirement: str
    keys: list[str]

$value_classes

HeldValue = $value_union


class Requirement(TypedDict):
    code: RequirementCode
    label: Label


class NoneHeld(TypedDict):
    label: Label
    source: str
    asOf: str


class Answer(TypedDict):
    requirement: Requirement
    role: Role | None
    items: list[ListItem]
    status: Status
    reasons: list[Reason]
    values: list[HeldValue]
    none: NoneHeld | None


class OpenQuestion(TypedDict):
    requirement: Requirement
    role: Role | None
    status: Status


class BlockingFact(TypedDict):
    code: str
    label: Label
    role: Role | None
    sure: bool


class Version(TypedDict):
    version: str


class Prefill(TypedDict):
    dossier: str | None
    at: str
    procedure: Version
    blockedBy: list[BlockingFact]
    answers: list[Answer]
    stillToAsk: list[OpenQuestion]


class PrefillRefused(Exception):
    """The hub refused; `code` is the stable code of the error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def prefill(url: str, token: str, dossier: str, choices: list[Choice] | None = None, timeout_s: float = 30) -> Prefill:
    """Prefill a dossier. Raises PrefillRefused, and OSError if the hub cannot be reached."""
    body = json.dumps({"query": QUERY, "variables": {"choices": choices or []}}).encode()
    headers = {"authorization": f"Bearer {token}", "x-hub-dossier": dossier, "content-type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            answer = json.load(error)
    if answer.get("errors"):
        first = answer["errors"][0]
        raise PrefillRefused(first["extensions"]["code"], first["message"])
    filled: Prefill = answer["data"]["prefill"]
    return filled


if __name__ == "__main__":
    try:
        print(json.dumps(prefill(os.environ["HUB_URL"], os.environ["HUB_TOKEN"], sys.argv[1]), ensure_ascii=False))
    except PrefillRefused as refused:
        sys.exit(f"{refused.code}: {refused}")
''')
TYPESCRIPT = Template("""\
// Prefill of $code $version ($name). Made by `hub procedures client $code --language typescript`.

export const VERSION = "$version";
export const QUERY = `
$query
`;
export type RequirementCode = $requirements;
export type Role = $roles;
export type Status = $statuses;
export type Reason = $reasons;
export type Label = { vi: string; en: string };
export type ListItem = { requirement: string; key: string };
export type Choice = { requirement: string; keys: string[] };
$value_classes
export type HeldValue = $value_union;
export type Requirement = { code: RequirementCode; label: Label };
export type Answer = {
  requirement: Requirement;
  role: Role | null;
  items: ListItem[];
  status: Status;
  reasons: Reason[];
  values: HeldValue[];
  none: { label: Label; source: string; asOf: string } | null;
};
export type Prefill = {
  dossier: string | null;
  at: string;
  procedure: { version: string };
  blockedBy: { code: string; label: Label; role: Role | null; sure: boolean }[];
  answers: Answer[];
  stillToAsk: { requirement: Requirement; role: Role | null; status: Status }[];
};

/** The hub refused; `code` is the stable code of the error. */
export class PrefillRefused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Prefill a dossier. Throws PrefillRefused, and what fetch throws if the hub cannot be reached. */
export async function prefill(
  url: string,
  token: string,
  dossier: string,
  choices: Choice[] = [],
  timeoutMs = 30_000,
): Promise<Prefill> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer $${token}`, "x-hub-dossier": dossier, "content-type": "application/json" },
    body: JSON.stringify({ query: QUERY, variables: { choices } }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (await response.json()) as {
    data?: { prefill: Prefill };
    errors?: { message: string; extensions: { code: string } }[];
  };
  const first = answer.errors?.[0];
  if (first) throw new PrefillRefused(first.extensions.code, first.message);
  if (!answer.data) throw new Error(`HTTP $${response.status} without data`);
  return answer.data.prefill;
}
""")


def render_client(compiled: CompiledProcedure, language: ClientLanguage) -> str:
    """The source of a client of the procedure."""
    procedure, is_python = compiled.procedure, language == "python"
    used = sorted({name for one in procedure.requirements for name in value_types(compiled, one)})
    separator = ", " if is_python else " | "
    query = QUERY.substitute(code=procedure.code, fragments="\n".join(map(_render_fragment, used)))
    render = _render_python_value if is_python else _render_typescript_value
    return (PYTHON if is_python else TYPESCRIPT).substitute(
        code=procedure.code,
        version=procedure.version,
        name=procedure.name.en,
        query=query,
        requirements=_join(separator, [one.code for one in procedure.requirements]),
        roles=_join(separator, procedure.subjects),
        statuses=_join(separator, [status.name for status in AnswerStatus]),
        reasons=_join(separator, [reason.name for reason in Reason]),
        value_classes="\n".join(map(render, used)),
        value_union=" | ".join(used),
    )


def _join(separator: str, values: Iterable[str]) -> str:
    return separator.join(f'"{value}"' for value in values)


def _render_fragment(name: str) -> str:
    return f"        ... on {name} {{ {' '.join(field.rstrip('?') for field in OWN_FIELDS[name])} }}"


def _render_python_value(name: str) -> str:
    own = [f"    {_key(field)}: {'str | None' if field.endswith('?') else 'str'}" for field in OWN_FIELDS[name]]
    # `__typename` is left out: in the body of a class Python would mangle the name.
    shared = (
        *("    recordId: str | None", "    field: str", "    display: Label"),
        *("    source: str | None", "    asOf: str | None", "    linkStatus: str | None"),
    )
    return "\n".join(["", f"class {name}(TypedDict):", *shared, *own, ""])


def _render_typescript_value(name: str) -> str:
    own = [f"  {_key(field)}: {'string | null' if field.endswith('?') else 'string'};" for field in OWN_FIELDS[name]]
    shared = [
        f'  __typename: "{name}";',
        *("  recordId: string | null;", "  field: string;", "  display: Label;"),
        *("  source: string | null;", "  asOf: string | null;", "  linkStatus: string | null;"),
    ]
    return "\n".join([f"export type {name} = {{", *shared, *own, "};"])


def _key(field: str) -> str:
    return field.rstrip("?").partition(":")[0]
