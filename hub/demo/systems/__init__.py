"""The sector systems of the demonstration, which really serve it: files, tables, REST and SOAP."""
