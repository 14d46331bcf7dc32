"""Draft: a first connector for a source that is looked at: what it has, what that could be in the schema, samples of nobody."""
