"""Texts that somebody may deliver so that a page, a terminal or a message does what they want."""

from __future__ import annotations

import markdown
import yaml
from harness import PROJECT

from operations.text import plain

SCRIPT = "window.stranger = 1"
HOSTILE = {
    "script": f"<script>{SCRIPT}</script>",
    "picture": f'<img src=x onerror="{SCRIPT}">',
    "end of what it stands in": f'"></td></title></details></script><svg onload="{SCRIPT}">',
    "a name in brackets": "<landing>",
    "entity": "&lt;b&gt; &amp; &#60;",
    "link in Markdown": "[click](https://stranger.example)",
    "picture in Markdown": "![](https://stranger.example/x.png)",
    "script in Markdown": f"[click](javascript:{SCRIPT.replace(' ', '')})",
    "reference in Markdown": "[a]: https://stranger.example",
    "block in Markdown": "# *big* ~~**_`code`_**~~ ++a++ ==b== ^c^ | d | --- :smile: {: #id }",
    "snippet": '--8<-- ".env"',
    "formula": "$x$ \\(y\\) $$z$$",
    "address": "https://stranger.example/a?b=c&d=e",
    "bare address": "www.stranger.example someone@stranger.example",
    "mention": "@everyone @octocat @org/team #1 GH-1",
    "mention in Slack": "<!channel> <!here> <@U012AB3CD> <#C012AB3CD>",
    "link in Slack": "<https://stranger.example|click>",
    "formula of a spreadsheet": '=HYPERLINK("https://stranger.example")',
    "title of the terminal": "\x1b]0;stranger\x07",
    "colour and screen of the terminal": "\x1b[31mred\x1b[2J\x1b[H",
    "link of the terminal": "\x1b]8;;https://stranger.example\x1b\\click\x1b]8;;\x1b\\",
    "eight bits of the terminal": "\x9b31mred",
    "one line over the other": "a\rb\x08\x08",
    "command of a workflow": "::set-output name=deploy::yes",
    "markup of rich": "[red]x[/red] [/bold] [link=https://stranger.example]click[/link]",
    "template": "{{ 7 * 7 }} {% raw %} @DEF(a, b) ${HOME}",
    "right to left": "\u202egnp.exe\u202c \u2066abc\u2069",
    "nothing to see": "a\u200bb\ufeffc",
    "line of the log": "a\n2026-01-01 00:00:00 - ERROR: b",
    "long": "x" * 20_000,
}


def seen(text: str) -> str:
    """A text as it is shown on one line."""
    return plain(" ".join(text.split()))


def of_site(text: str) -> str:
    """Markdown as MkDocs makes HTML of it."""
    config = yaml.safe_load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = [e if isinstance(e, dict) else {e: {}} for e in config["markdown_extensions"]]
    settings = {name: options for each in named for name, options in each.items()}
    return markdown.markdown(text, extensions=list(settings), extension_configs=settings)
