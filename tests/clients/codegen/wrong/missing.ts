import { ask } from '../client.ts';
import { PrefillDocument } from '../generated/graphql.ts';

await ask('', PrefillDocument, { subjects: [] });
export {};
