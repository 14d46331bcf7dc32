import { ask } from '../client.ts';
import { OneNodeDocument } from '../generated/graphql.ts';

const { node } = await ask('', OneNodeDocument, { id: '' });
node.id;
export {};
