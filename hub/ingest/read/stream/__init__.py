"""Event streams: messages of a NATS JetStream subject."""
