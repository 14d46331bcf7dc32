"""Code that asks the hub, for a reader to copy: the token comes from the environment, so that it stands in no file. Pure."""

from dataclasses import dataclass

QUERY = "query Place($unitCode: AdministrativeUnitCode!) { administrativeUnit(by: { unitCode: $unitCode }) { unitCode name level } }"
UNIT = "06652@2025-07-01"
"""A ward of Quảng Ninh since the reform of 2025: reference data that everybody with a token may read."""
CURL = """\
export HUB_TOKEN='…'   # token của bạn / your own token or API key
curl -sS {url} \\
  -H "authorization: Bearer $HUB_TOKEN" \\
  -H 'content-type: application/json' \\
  -d '{{"query": "{query}", "variables": {{"unitCode": "{unit}"}}}}'
"""
PYTHON = """\
import os

import requests

query = "{query}"
answer = requests.post(
    "{url}",
    json={{"query": query, "variables": {{"unitCode": "{unit}"}}}},
    headers={{"authorization": "Bearer " + os.environ["HUB_TOKEN"]}},
    timeout=30,
).json()
if answer.get("errors"):
    raise SystemExit(answer["errors"][0]["extensions"]["code"])
print(answer["data"]["administrativeUnit"])
"""
TYPESCRIPT = """\
const query = "{query}";
const response = await fetch("{url}", {{
  method: "POST",
  headers: {{ "content-type": "application/json", authorization: `Bearer ${{process.env.HUB_TOKEN}}` }},
  body: JSON.stringify({{ query, variables: {{ unitCode: "{unit}" }} }}),
  signal: AbortSignal.timeout(30_000),
}});
const answer = await response.json();
if (answer.errors) throw new Error(answer.errors[0].extensions.code);
console.log(answer.data.administrativeUnit);
"""


@dataclass(frozen=True)
class CodeSample:
    """One program. `language` is what it is called."""

    language: str
    text: str


def list_samples(url: str) -> tuple[CodeSample, ...]:
    """The programs, for a hub whose GraphQL endpoint is at `url`."""
    named = (("curl", CURL), ("Python", PYTHON), ("TypeScript", TYPESCRIPT))
    return tuple(CodeSample(language, text.format(url=url, query=QUERY, unit=UNIT)) for language, text in named)
