"""Commands on sources: connectors, runs, quarantine, drift."""
