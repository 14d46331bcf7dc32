// Relay's own store and network on what its compiler made: lists page by cursors, a card is fetched again by its id.
// What React's hooks would do with a refetchable fragment is done here with the variables that they would send.
const relay = require('relay-runtime');

const made = (name) => require(`./src/__generated__/${name}.graphql`);
const [url, personalId] = process.argv.slice(2);
const statuses = [];

const network = relay.Network.create(async ({ text }, variables) => {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) });
  statuses.push(answer.status);
  return answer.json();
});
let environment;
function forget() {
  environment = new relay.Environment({ network, store: new relay.Store(new relay.RecordSource()) });
}

async function load(name, variables) {
  const operation = relay.createOperationDescriptor(made(name), variables);
  environment.retain(operation);
  await relay.fetchQuery(environment, made(name), variables).toPromise();
  return environment.lookup(operation.fragment).data;
}

const read = (name, reference) => environment.lookup(relay.getSingularSelector(made(name), reference)).data;

async function listOf(filter) {
  const list = await load('CitizenListQuery', { count: 40, filter });
  const sizes = [];
  for (;;) {
    const { citizens } = read('CitizenList_page', list);
    sizes.push(citizens.edges.length);
    if (!citizens.pageInfo.hasNextPage) return { sizes, citizens: citizens.edges.map(({ node }) => node) };
    await load('CitizenListPageQuery', { count: 40, cursor: citizens.pageInfo.endCursor, filter });
  }
}

/** What the list holds after each page. Relay sends every variable: the sizes and cursors not in use go as nulls. */
async function rightsOf(id, size, more) {
  forget();
  const { node } = await load('CitizenCardRightsQuery', { id, ...size });
  const steps = [];
  for (;;) {
    const { edges, pageInfo } = read('CitizenCard_rights', node).landUseRights;
    steps.push(edges.map((edge) => edge.node.certificateSerial));
    const next = more(pageInfo);
    if (!next) return steps;
    await load('CitizenCardRightsQuery', { id, ...size, ...next });
  }
}

async function main() {
  forget();
  const women = await listOf({ sex: { eq: 'FEMALE' }, landUseRights: { some: { status: { eq: 'REGISTERED' } } } });
  const { citizens } = await listOf({ personalId: { eq: personalId } });
  const { node } = await load('CitizenCardRefetchQuery', { id: citizens[0].id });
  const card = read('CitizenCard_citizen', node);
  const names = women.citizens.map((citizen) => read('CitizenCard_citizen', citizen).fullName);
  const { id } = citizens[0];
  return {
    sizes: women.sizes,
    different: new Set(women.citizens.map(({ id }) => id)).size,
    names,
    card: card.fullName,
    forwards: await rightsOf(id, { first: 1 }, (page) => page.hasNextPage && { after: page.endCursor }),
    backwards: await rightsOf(id, { last: 1 }, (page) => page.hasPreviousPage && { before: page.startCursor }),
    statuses: [...new Set(statuses)],
  };
}

main().then((report) => console.log(JSON.stringify(report)));
