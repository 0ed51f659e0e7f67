"""SQL as tokens: what a statement is, and its text with some of it worded anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot.dialects.databricks import Databricks
from sqlglot.tokens import TokenType

Name = tuple[str, ...]
STRINGS = {TokenType.STRING, TokenType.RAW_STRING}


class NotKnown(Exception):
    """Databricks may take this; the stand-in does not know it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"[NOT_KNOWN_TO_STAND_IN] The local stand-in does not know {what}.")


class Refused(Exception):
    """An error as Databricks words it."""

    def __init__(self, error_class: str, text: str, sqlstate: str) -> None:
        super().__init__(f"[{error_class}] {text} SQLSTATE: {sqlstate}")
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Token:
    """`text` is what it means: without quotes; `start` and `end` are its place in the SQL."""

    kind: str  # word, quoted, string, number or sign
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind in ("word", "sign") else ""


class _Tokenizer(Databricks.Tokenizer):
    COMMANDS: set[TokenType] = set()  # as sqlglot has it, the rest of these is one string


def tokenize(sql: str) -> list[Token]:
    tokens = []
    for token in _Tokenizer().tokenize(sql):
        start, end = token.start, token.end + 1
        if token.token_type in STRINGS:
            text = token.text if sql[start] in "rR" else unescaped(sql[start + 1 : end - 1])
            tokens.append(Token("string", text, start, end))
        elif token.token_type == TokenType.IDENTIFIER:
            tokens.append(Token("quoted", token.text, start, end))
        elif token.token_type == TokenType.NUMBER:
            tokens.append(Token("number", token.text, start, end))
        elif sql[start].isalpha() or sql[start] == "_":
            # A keyword of two words ("PRIMARY KEY") is one token to sqlglot.
            for part in re.finditer(r"\S+", sql[start:end]):
                place = (start + part.start(), start + part.end())
                tokens.append(Token("word", part[0], *place))
        else:
            tokens.append(Token("sign", token.text, start, end))
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return tokens


def unescaped(text: str) -> str:
    """What a string means, from what is between its quotes."""
    special = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
    special |= {"%": "\\%", "_": "\\_"}  # left for LIKE

    def meaning(escape: re.Match[str]) -> str:
        if code := escape[1]:
            return chr(int(code[1:], 16))
        return special.get(escape[0][1], escape[0][1])

    return re.sub(r"\\(u[0-9A-Fa-f]{4})|\\.", meaning, text, flags=re.DOTALL)


@dataclass
class Reader:
    """Reads tokens from left to right."""

    tokens: Sequence[Token]
    at: int = 0

    def ended(self) -> bool:
        return self.at >= len(self.tokens)

    def sees(self, *words: str) -> bool:
        found = self.tokens[self.at : self.at + len(words)]
        return [token.word for token in found] == list(words)

    def takes(self, *words: str) -> bool:
        seen = self.sees(*words)
        if seen:
            self.at += len(words)
        return seen

    def takes_any(self, *words: str) -> str | None:
        return next((word for word in words if self.takes(word)), None)

    def needs(self, *words: str) -> None:
        if not self.takes(*words):
            raise NotKnown(f"this statement: {' '.join(words)} expected {self._place()}")

    def needs_end(self) -> None:
        if not self.ended():
            raise NotKnown(f"this statement: not expected {self._place()}")

    def next(self) -> Token:
        if self.ended():
            raise NotKnown("this statement: it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def identifier(self) -> str:
        token = self.next()
        if token.kind not in ("word", "quoted"):
            raise NotKnown(f"this statement: a name expected at {token.text!r}")
        return token.text.lower()

    def name(self) -> Name:
        parts = [self.identifier()]
        while self.takes("."):
            parts.append(self.identifier())
        return tuple(parts)

    def string(self) -> str:
        token = self.next()
        if token.kind != "string":
            raise NotKnown(f"this statement: a string expected at {token.text!r}")
        return token.text

    def items(self) -> list[list[Token]]:
        """The parts of what is in parentheses, as commas part them."""
        self.needs("(")
        parts: list[list[Token]] = [[]]
        depth = 0
        while depth or not self.sees(")"):
            token = self.next()
            depth += (token.word in "([" and token.kind == "sign") - (token.text in (")", "]"))
            if token.text == "," and token.kind == "sign" and not depth:
                parts.append([])
            else:
                parts[-1].append(token)
        self.needs(")")
        return parts if parts != [[]] else []

    def rest(self) -> list[Token]:
        rest = list(self.tokens[self.at :])
        self.at = len(self.tokens)
        return rest

    def _place(self) -> str:
        return "at the end" if self.ended() else f"at {self.tokens[self.at].text!r}"


@dataclass
class Statement:
    """A statement's text, its tokens, and what is to stand elsewhere in its place."""

    sql: str
    tokens: list[Token] = field(init=False)
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = tokenize(self.sql)

    def reader(self, at: int = 0) -> Reader:
        return Reader(self.tokens, at)

    def replace(self, tokens: Sequence[Token], text: str) -> None:
        self.edits.append((tokens[0].start, tokens[-1].end, text))

    def insert_after(self, token: Token, text: str) -> None:
        self.edits.append((token.end, token.end, text))

    def edited(self) -> str:
        text = self.sql
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def mentions(self, word: str) -> bool:
        return any(t.text.lower() == word for t in self.tokens if t.kind in ("word", "quoted"))

    def find(self, *words: str) -> Iterable[int]:
        """Where these words stand, quoted or not."""
        for at in range(len(self.tokens) - len(words) + 1):
            found = self.tokens[at : at + len(words)]
            if all(
                token.kind != "string" and token.text.lower() == word
                for token, word in zip(found, words, strict=True)
            ):
                yield at


def quoted(*name: str) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in name)


def literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


@dataclass(frozen=True)
class Parameter:
    name: str | None
    type: str
    value: str | None


def bind(sql: str, parameters: Sequence[Parameter]) -> str:
    """Puts the values of markers (`:name`, `?`) in their places: Delta's parser drops markers."""
    if not parameters:
        return sql
    statement = Statement(sql)
    named = {p.name: p for p in parameters if p.name}
    positional = iter([p for p in parameters if not p.name])
    for at, token in enumerate(statement.tokens):
        if token.kind != "sign":
            continue
        if token.text == "?" and not named:
            parameter = next(positional, None)
            if parameter is None:
                raise Refused("UNBOUND_SQL_PARAMETER", "Found the unbound parameter: ?.", "42P02")
            statement.replace([token], _value(parameter))
        elif token.text == ":" and at + 1 < len(statement.tokens):
            # `a:b` is a path into JSON, whose colon touches what is before it.
            path = at > 0 and statement.tokens[at - 1].end == token.start
            marker = statement.tokens[at + 1]
            if marker.text in named and not (path and statement.tokens[at - 1].kind != "sign"):
                statement.replace([token, marker], _value(named[marker.text]))
    return statement.edited()


def _value(parameter: Parameter) -> str:
    if parameter.value is None:
        return "NULL"
    return f"CAST({literal(parameter.value)} AS {parameter.type})"
