"""Texts that others wrote, made harmless for where people read them.

HTML is made of templates (operations/pages.py), which see to it themselves.
"""

from __future__ import annotations

import re

SIGNS = re.compile(r"[!-/:-@\[-`{-~]")  # those of ASCII that are no letters, digits or blanks


def plain(text: str) -> str:
    """A text in which signs that steer a terminal, or are not seen, stand as `\\x1b` and so on."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def as_markdown(text: str) -> str:
    """A text as one line of Markdown that shows it sign by sign: nothing in it is markup."""
    return SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", plain(" ".join(text.split())))


def as_code(text: str) -> str:
    """A text as code of Markdown, in which GitHub finds no mention and no link."""
    return f"`{plain(text).replace('`', chr(39))}`"
