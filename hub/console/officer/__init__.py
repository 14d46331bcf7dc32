"""The officer's pages: a search, the people it finds, the sheet of a dossier, and corrections."""
