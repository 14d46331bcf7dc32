import { ask } from '../client.ts';
import { LinkedCitizenDocument } from '../generated/graphql.ts';

const { citizen } = await ask('', LinkedCitizenDocument, { personalId: '022080000001' });
citizen?.fullNames;
export {};
