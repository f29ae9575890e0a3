"""FAQ knows: normalise, index, rank, decide, and keep the knowledge base."""
