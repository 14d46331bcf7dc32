"""Commands on procedures: prefill, snapshots, corrections."""
