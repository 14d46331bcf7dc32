"""Values: parse the text of a cell into a typed value. Pure Polars expressions, used by readers and by the transform."""
