// Composes the hub's subgraph with another one that extends its types, and asks both through a gateway. Prints one JSON.
// Arguments: the address of the hub's subgraph.
import { getStitchedSchemaFromSupergraphSdl } from "@graphql-tools/federation";
import { composeServices } from "@theguild/federation-composition";
import { execute, parse, printSchema } from "graphql";

const [url] = process.argv.slice(2);
let asked = 0;

async function ask(document) {
  asked += 1;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(document),
  });
  return await answer.json();
}

// Offices of a register elsewhere, which know units and procedures by their codes alone.
const OFFICES = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external"])
  type Query { offices: [Office!]! }
  type Office { name: String! unit: AdministrativeUnit! handles: Procedure! }
  type AdministrativeUnit @key(fields: "unitCode") { unitCode: AdministrativeUnitCode! }
  type Procedure @key(fields: "code") { code: String! }
  scalar AdministrativeUnitCode
`;
const { data } = await ask({ query: "{ _service { sdl } }" });
const composed = composeServices([
  { name: "hub", url, typeDefs: parse(data._service.sdl) },
  { name: "offices", url: "http://offices.invalid", typeDefs: parse(OFFICES) },
]);
const errors = (composed.errors ?? []).map((error) => error.message);
if (errors.length > 0) {
  console.log(JSON.stringify({ errors }));
  process.exit(0);
}
const { print } = await import("graphql");
const units = await ask({ query: "{ administrativeUnits(first: 3) { nodes { unitCode name } } }" });
const rows = units.data.administrativeUnits.nodes;
const OFFICE_ROWS = rows.map(({ unitCode }, number) => ({
  __typename: "Office",
  name: `Office ${number}`,
  unit: { __typename: "AdministrativeUnit", unitCode },
  handles: { __typename: "Procedure", code: "land-right-transfer" },
}));
asked = 0;
const schema = getStitchedSchemaFromSupergraphSdl({
  supergraphSdl: composed.supergraphSdl,
  batch: true,
  onSubschemaConfig(config) {
    config.executor =
      config.name.toLowerCase() === "offices"
        ? () => ({ data: { offices: OFFICE_ROWS } })
        : ({ document, variables }) => ask({ query: print(document), variables });
  },
});
const result = await execute({
  schema,
  document: parse("{ offices { name unit { name level } handles { name { vi } requirements { code } } } }"),
});
console.log(JSON.stringify({ errors, result, asked, held: rows, publicSdl: printSchema(schema) }));
