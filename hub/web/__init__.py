"""The web application: /graphql, GraphiQL, health and readiness."""
