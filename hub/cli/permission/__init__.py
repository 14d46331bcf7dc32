"""Commands on access: keys, senders, purposes, limits, alarms, sealed and restricted people."""
