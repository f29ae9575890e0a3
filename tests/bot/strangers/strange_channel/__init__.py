"""A channel of a stranger's package, which behaves as a test tells it to."""
