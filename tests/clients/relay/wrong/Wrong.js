import { graphql } from 'relay-runtime';

export const wrong = graphql`
  fragment Wrong_citizen on Citizen {
    fullNames
  }
`;
