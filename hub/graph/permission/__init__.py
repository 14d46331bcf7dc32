"""Who calls, about whom and in which dossier: the graph's side of access."""
