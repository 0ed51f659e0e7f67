"""How the project is loaded: as by SQLMesh, with the lock on a shared state and parsed unit tests.

Of all that a configuration names, SQLMesh gives the context, which knows the gateway and the
folder of the cache, to the loader alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlmesh import Context
from sqlmesh.core import constants
from sqlmesh.core.loader import SqlMeshLoader
from sqlmesh.core.model import Model
from sqlmesh.core.test import ModelTestMetadata
from sqlmesh.utils import UniqueKeyDict
from sqlmesh.utils.cache import FileCache
from sqlmesh.utils.hashing import crc32

from operations.hooks.state_lock import lock_shared_state

WORKERS = constants.MAX_FORK_WORKERS


class ProjectLoader(SqlMeshLoader):
    """SQLMesh's loader; `wait_minutes`, as text, is how long a command waits for a shared state.

    SQLMesh caches models, and parses the unit tests at every command: a fifth of its start.
    """

    def __init__(self, context: Context, path: Path, wait_minutes: str) -> None:
        super().__init__(context, path)
        lock_shared_state(context, wait_minutes)
        self._unit_tests: FileCache[dict[str, Any]] = FileCache(context.cache_dir, "unit_test")

    def _load_sql_models(self, *arguments: Any, **options: Any) -> UniqueKeyDict[str, Model]:
        """Loads the models, and says how many processes render them.

        This one alone is faster where all are cached. Where one is not, it would be wrong: SQLMesh
        finds a query that it rendered here unlike one that it read, and an added column breaking.
        """
        constants.MAX_FORK_WORKERS = WORKERS  # this process may have loaded before
        cached = self._cached_models()
        models = super()._load_sql_models(*arguments, **options)
        if self._cached_models() == cached:
            constants.MAX_FORK_WORKERS = 1
        return models

    def _cached_models(self) -> set[str]:
        return {path.name for path in self.context.cache_dir.glob("model_definition/*")}

    def _load_model_test_file(self, path: Path) -> dict[str, ModelTestMetadata]:
        parsed = super()._load_model_test_file
        text = path.read_text(encoding="utf-8")
        if "{{" in text or "{%" in text:  # it may hang on more than its text
            return parsed(path)
        bodies = self._unit_tests.get_or_load(
            path.stem,
            crc32([text]),
            loader=lambda: {name: test.body for name, test in parsed(path).items()},
        )
        return {
            name: ModelTestMetadata(path=path, test_name=name, body=body)
            for name, body in bodies.items()
        }
