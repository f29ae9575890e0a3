"""Console shows: the desk, the customers' pages, and what is live in them."""
