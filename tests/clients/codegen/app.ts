// An office program on the generated client. It must compile as it stands, and it is run against the hub: where a type says
// other than what the hub sends, the report shows it. Types are written out where a test rests on them.
import { ask } from './client.ts';
import {
  CitizenAsOfDocument,
  CitizenPageDocument,
  LinkedCitizenDocument,
  ManyNodesDocument,
  ObligationsOfDocument,
  OneNodeDocument,
  PrefillDocument,
  type ChangesSubscription,
  type CitizenPageQuery,
  type CitizenPageQueryVariables,
  type PartyNameFragment,
} from './generated/graphql.ts';

/** The name of a party: one branch for each member of the union; the compiler says when one is missing. */
function nameOf(party: PartyNameFragment): string {
  switch (party.__typename) {
    case 'Citizen':
      return party.fullName;
    case 'Household':
      return party.householdCode;
    case 'Business':
      return party.legalName;
  }
}

/** Compiled only: clients that follow changes have tests of their own. */
export function headline({ recordChanged }: ChangesSubscription): string {
  const { node } = recordChanged;
  return node?.__typename === 'Citizen' ? node.fullName : recordChanged.type;
}

/** Every page of the women who hold a right in force; filters nest and both kinds of @oneOf input are used. */
async function pages(url: string): Promise<CitizenPageQuery['citizens'][]> {
  const variables: CitizenPageQueryVariables = {
    first: 40,
    filter: { sex: { eq: 'FEMALE' }, landUseRights: { some: { status: { eq: 'REGISTERED' } } } },
    orderBy: [{ fullName: 'ASC' }, { id: 'DESC' }],
  };
  const found: CitizenPageQuery['citizens'][] = [];
  let after: string | null = null;
  do {
    const { citizens }: CitizenPageQuery = await ask(url, CitizenPageDocument, { ...variables, after });
    found.push(citizens);
    after = citizens.pageInfo.hasNextPage ? citizens.pageInfo.endCursor : null;
  } while (after);
  return found;
}

export async function report(url: string, personalId: string) {
  const { citizen } = await ask(url, LinkedCitizenDocument, { personalId });
  const right = citizen?.landUseRights.nodes[0];
  if (!right) throw new Error('no such citizen, or without a right');
  const area: number | null = right.area;
  const asOf: string = citizen.provenance.asOf;

  const debtor = { citizen: { personalId: { eq: personalId } } };
  const { taxObligations } = await ask(url, ObligationsOfDocument, { debtor });
  const amounts: number[] = taxObligations.nodes.map((row) => row.amount);
  const { node } = await ask(url, OneNodeDocument, { id: right.id });
  const nothing = btoa('Parcel:99999999');
  const { nodes } = await ask(url, ManyNodesDocument, { ids: [right.id, citizen.id, nothing] });
  const women = await pages(url);
  const buyer = women[0]?.edges.find((edge) => edge.node.id !== citizen.id)?.node.id ?? '';
  const subjects = [
    { role: 'transferor', subject: { citizen: { personalId } } },
    { role: 'transferee', subject: { id: buyer } },
  ];
  const { prefill } = await ask(url, PrefillDocument, { procedure: 'land-right-transfer', subjects });
  const before = await ask(url, CitizenAsOfDocument, { personalId, instant: '2001-01-01T00:00:00Z' });
  const now = await ask(url, CitizenAsOfDocument, { personalId, instant: new Date().toISOString() });

  return {
    citizen: citizen.fullName,
    types: { area: typeof area, asOf: typeof asOf, amounts: [...new Set(amounts.map((amount) => typeof amount))] },
    pages: women.map((page) => ({ total: page.totalCount, ids: page.edges.map((edge) => edge.node.id) })),
    debtors: taxObligations.nodes.map((row) => row.debtor && nameOf(row.debtor)),
    holder: node?.__typename === 'LandUseRight' && node.holder ? nameOf(node.holder) : null,
    nodes: nodes.map((row) => row && [row.__typename, row.id === right.id || row.id === citizen.id]),
    held: prefill.answers.filter((answer) => answer.status === 'HELD').map((answer) => answer.requirement.code),
    past: { before: before.citizen, now: now.citizen?.id === citizen.id },
  };
}
