import { ask } from '../client.ts';
import { PrefillDocument } from '../generated/graphql.ts';

await ask('', PrefillDocument, { personalId: '022080000001' });
export {};
