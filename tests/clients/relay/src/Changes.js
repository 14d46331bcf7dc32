// A change carries the record as it is now, and Relay's store takes it in under its id.
import { graphql } from 'relay-runtime';

export const subscription = graphql`
  subscription ChangesSubscription {
    recordChanged(types: [Citizen]) {
      action
      node {
        id
        ...CitizenCard_citizen @alias
      }
    }
  }
`;
