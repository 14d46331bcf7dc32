"""Webhooks: events of the outbox, signed and posted to the systems that an operator has registered."""
