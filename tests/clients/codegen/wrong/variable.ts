import { ask } from '../client.ts';
import { LinkedCitizenDocument } from '../generated/graphql.ts';

await ask('', LinkedCitizenDocument, { personalId: 22080000001 });
export {};
