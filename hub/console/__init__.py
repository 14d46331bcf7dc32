"""The officer's console: pages of a counter, from a search to the sheet of a dossier.

A page runs operations of a purpose, through the gate and the executor that answer every other client: under the same permission, limits
and ledger. There is no other way to data here.
"""
