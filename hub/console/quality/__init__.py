"""Quality of data, for people: đúng, đủ, sạch, sống, by source, field, commune and procedure, each figure with its numbers."""
