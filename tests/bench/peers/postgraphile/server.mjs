// PostGraphile 5 over the hub's own tables: `node server.mjs URL PORT`, one process, as its documentation sets it up for
// production. The relations that the hub keeps in link tables are views (views.sql) and the smart tags below.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

const [url, port] = process.argv.slice(2);

const link = (column, table, one, many, key = "id") =>
  `(${column}) references ${table} (${key})|@fieldName ${one}|@foreignFieldName ${many}`;
const view = (...foreignKey) => ({ tags: { primaryKey: "id", foreignKey } });
const tags = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      "data.citizen": {
        tags: {
          unique: "personal_id",
          foreignKey: link("residence_unit_code", "data.administrative_unit", "residence", "residents", "unit_code"),
        },
      },
      "data.administrative_unit": { tags: { unique: "unit_code" } },
      "data.business": { tags: { unique: "registration_number" } },
      "served.numbered": { tags: { omit: true } },
      "served.land_use_right": view(
        link("holder_id", "data.citizen", "holder", "landUseRights"),
        link("parcel_id", "data.parcel", "parcel", "landUseRights"),
      ),
      "served.tax_obligation": view(link("debtor_id", "data.citizen", "debtor", "taxObligations")),
      "served.business_role": view(
        link("person_id", "data.citizen", "person", "businessRoles"),
        link("business_registration_number", "data.business", "business", "roles", "registration_number"),
      ),
    },
    procedure: { "served.citizens_named": { tags: { behavior: "orderBy order resource:connection:backwards" } } },
  },
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  // No mutations: they are not asked for. No pgSettings: with them every request would be a transaction of four statements.
  disablePlugins: ["PgMutationCreatePlugin", "PgMutationUpdateDeletePlugin"],
  pgServices: [makePgService({ connectionString: url, schemas: ["data", "served"], pubsub: false, poolConfig: { max: 8 } })],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false, websockets: false },
};
const instance = postgraphile(preset);
const serv = instance.createServ(grafserv);
const server = createServer();
await serv.addTo(server);
await serv.ready?.();
server.listen(Number(port), "127.0.0.1");
