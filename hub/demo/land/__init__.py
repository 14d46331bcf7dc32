"""Its land: parcels, rights, transfers, planning."""
