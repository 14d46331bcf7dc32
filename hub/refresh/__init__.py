"""Live refresh: before a procedure reads, ask the sources for records that are older than the procedure allows."""
