"""OpenID Connect: an organisation's own identity provider says who people and apps are."""
