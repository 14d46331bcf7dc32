// A card that is fetched again by itself, through node(id:), and a list within it that pages backwards and forwards.
import { graphql } from 'relay-runtime';

export const citizen = graphql`
  fragment CitizenCard_citizen on Citizen @refetchable(queryName: "CitizenCardRefetchQuery") {
    fullName
    birthDate
    residence {
      name
    }
  }
`;

export const rights = graphql`
  fragment CitizenCard_rights on Citizen
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  )
  @refetchable(queryName: "CitizenCardRightsQuery") {
    landUseRights(first: $first, after: $after, last: $last, before: $before)
      @connection(key: "CitizenCard_landUseRights") {
      edges {
        node {
          certificateSerial
          holder {
            ... on Citizen {
              fullName
            }
            ... on Business {
              legalName
            }
          }
        }
      }
    }
  }
`;
