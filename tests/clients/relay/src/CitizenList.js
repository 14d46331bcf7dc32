// A list that loads more as it is scrolled, as usePaginationFragment wants it. Relay's compiler reads the tagged texts only.
import { graphql } from 'relay-runtime';

export const query = graphql`
  query CitizenListQuery($count: Int!, $filter: CitizenFilter) {
    ...CitizenList_page @arguments(count: $count, filter: $filter)
  }
`;

export const page = graphql`
  fragment CitizenList_page on Query
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" }, filter: { type: "CitizenFilter" })
  @refetchable(queryName: "CitizenListPageQuery") {
    citizens(first: $count, after: $cursor, filter: $filter, orderBy: [{ fullName: ASC }])
      @connection(key: "CitizenList_citizens") {
      edges {
        node {
          id
          ...CitizenCard_citizen
        }
      }
    }
  }
`;
