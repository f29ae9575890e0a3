"""FAQ knows: normalise, index, rank, decide, and keep the knowledge base."""

import os

# A question is one small vector: a second BLAS thread only spins. It must be said before numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
