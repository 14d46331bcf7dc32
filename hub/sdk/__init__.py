"""What a connector may import: the manifest model and the type of a transform."""
