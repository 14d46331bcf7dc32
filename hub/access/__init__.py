"""Access: who reads (principals), why and whose data (dossiers), and which fields (purposes)."""
