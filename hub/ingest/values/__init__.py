"""Values: the text of a cell, parsed into typed values. Pure Polars expressions, used by readers and by the transform."""
