"""Texts that are made of templates: HTML pages that need nothing else, and pages of the site."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from operations import PROJECT
from operations.text import as_markdown

CODE = re.compile(r"&#96;(.*?)&#96;")  # what stands in backticks

TEMPLATES = Environment(
    loader=FileSystemLoader(PROJECT),
    undefined=StrictUndefined,
    autoescape=select_autoescape(["html.j2"]),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.filters["code"] = lambda text: " ".join(text.split())
TEMPLATES.filters["text"] = lambda text: Markup(as_markdown(text))
TEMPLATES.filters["moment"] = lambda at: f"{at[:16].replace('T', ' ')} UTC"
TEMPLATES.filters["with_code"] = lambda text: Markup(
    CODE.sub(r"<code>\1</code>", as_markdown(text))
)
TEMPLATES.filters["first_sentence"] = lambda text: re.split(r"(?<=\.)\s", text.strip())[0]
TEMPLATES.filters["fields"] = lambda each, *names: [getattr(each, name) for name in names]
TEMPLATES.filters["breakable"] = lambda name: _breakable(name)


def render(template: str, **values: Any) -> str:
    """A template, named by its path in the project, filled with values; in HTML they are text."""
    return TEMPLATES.get_template(template).render(values)


def _breakable(name: str) -> Markup:
    """A name as HTML that may be broken after each of its parts."""
    return Markup(re.sub(r"([._])(?=.)", r"\1<wbr>", str(escape(name))))
