"""Texts that are made of templates: HTML pages that need nothing else, and pages of the site."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from operations import PROJECT
from operations.text import as_markdown

TEMPLATES = Environment(
    loader=FileSystemLoader(PROJECT),
    undefined=StrictUndefined,
    autoescape=select_autoescape(["html.j2"]),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.filters["code"] = lambda text: " ".join(text.split())
TEMPLATES.filters["text"] = as_markdown


def render(template: str, **values: Any) -> str:
    """A template, named by its path in the project, filled with values; in HTML they are text."""
    return TEMPLATES.get_template(template).render(values)
