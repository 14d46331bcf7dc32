"""Training: a model learned from a store, checked before it may be used, and the one that is shipped."""
