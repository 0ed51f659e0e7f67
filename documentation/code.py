"""What the site tells of the project's code: the macros of a model, and whom it lets read."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from sqlmesh.core.model import Model

from macros.settings import setting
from macros.unity_catalog import READ_BY_ANALYSTS
from operations import PROJECT

CALL = re.compile(r"@(\w+)\(")
GRANTS = PROJECT / "resources" / "databricks.sql"
READS_ALL = re.compile(r"^GRANT [^;]*\bSELECT ON CATALOG streaming_prod TO `(\w+)`;", re.MULTILINE)


@dataclass(frozen=True)
class Macro:
    """A macro of the project: its file, and how it is written there."""

    name: str
    path: str
    text: str


def macros(written: str) -> list[Macro]:
    """The project's macros that the text of a model calls, each once."""
    known = _known()
    called = dict.fromkeys(name.lower() for name in CALL.findall(written))
    return [known[name] for name in called if name in known]


@cache
def _known() -> dict[str, Macro]:
    """The macros in macros/, by their names in lower case."""
    found = {}
    for path in sorted((PROJECT / "macros").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and any(map(_is_macro, node.decorator_list)):
                found[node.name.lower()] = Macro(
                    node.name, str(path.relative_to(PROJECT)), _lines(text, node)
                )
    return found


def _is_macro(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith("macro(")


def _lines(text: str, function: ast.FunctionDef) -> str:
    first = function.decorator_list[0].lineno - 1
    return "\n".join(text.splitlines()[first : function.end_lineno])


def readers(model: Model) -> list[str]:
    """Whom the project's grants let read a model in Unity Catalog, beside its owner."""
    found = READS_ALL.findall(GRANTS.read_text(encoding="utf-8"))
    analysts = setting("STREAMING_ANALYSTS")
    return [*found, analysts] if analysts and model.schema_name in READ_BY_ANALYSTS else found
