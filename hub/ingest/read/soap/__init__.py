"""SOAP: lists and single rows from a SOAP service, with or without X-Road headers."""
