import type { PartyNameFragment } from '../generated/graphql.ts';

export const nameOf = (party: PartyNameFragment): string => party.legalName;
