"""Country: one store that grows to millions of citizens, measured at each size."""
