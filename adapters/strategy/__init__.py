"""The strategy's configuration: one table of keys, and all that follows from it."""
