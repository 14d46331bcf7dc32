import type { CitizenPageQueryVariables } from '../generated/graphql.ts';

export const variables: CitizenPageQueryVariables = { first: 1, orderBy: [{ fullName: 'ASC', birthDate: 'ASC' }] };
