"""What people decided, and what follows from it: links, merges, and their undoing."""
