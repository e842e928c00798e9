"""For people with collections: what is computed once of a set, and what it answers."""

from lpt_mm.collection.embedded_set import EmbeddedSet

__all__ = ["EmbeddedSet"]
