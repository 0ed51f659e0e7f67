"""What holds for all tests, set before SQLMesh is imported."""

import os

# SQLMesh would fork workers; beside the threads of DuckDB such a worker can wait for ever, and the
# tests have two processes already.
os.environ["MAX_FORK_WORKERS"] = "1"
