"""Its businesses, taxes, benefits and insurance."""
