"""Witnesses: who is given checkpoints, so that the operator of the database cannot take them back."""
