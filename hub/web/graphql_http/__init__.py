"""GraphQL over HTTP and WebSocket: media types, bodies, the endpoint and subscriptions."""
