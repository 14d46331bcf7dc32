import type { CitizenPageQueryVariables } from '../generated/graphql.ts';

export const variables: CitizenPageQueryVariables = { first: 1, filter: { sex: { eq: 'FEMAL' } } };
