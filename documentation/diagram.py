"""Draws models as boxes from left to right, each box a link to the model's page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from html import escape

Edges = Mapping[str, Collection[str]]  # what each node reads

BOX_WIDTH, BOX_HEIGHT = 172, 38  # pixels, as all below
STEP_X, STEP_Y = 208, 50
MARGIN = 6
SWEEPS = 4  # the order in the columns settles after a few


def draw(title: str, edges: Edges, links: Mapping[str, str], here: str = "") -> str:
    """An SVG of a graph without circles.

    Args:
        title: What a screen reader says of it.
        edges: What each node, `schema.name`, reads; nodes that are no key are left out.
        links: The address of each node's page.
        here: The node whose page it is on.
    """
    columns = _columns({node: [a for a in above if a in edges] for node, above in edges.items()})
    most = max(map(len, columns))
    places = {
        node: (
            MARGIN + STEP_X * x,
            MARGIN + STEP_Y * y + STEP_Y * (most - len(column)) / 2,
        )
        for x, column in enumerate(columns)
        for y, node in enumerate(column)
    }
    width = STEP_X * (len(columns) - 1) + BOX_WIDTH + 2 * MARGIN
    height = STEP_Y * (most - 1) + BOX_HEIGHT + 2 * MARGIN
    lines = [
        _line(places[above], places[node])
        for node, read in edges.items()
        for above in read
        if above in places
    ]
    boxes = [_box(node, places[node], links[node], node == here) for node in places]
    return "\n".join(
        [
            f'<div class="diagram{"" if here else " wide"}" tabindex="0" role="region" '
            f'aria-label="{escape(title)}">',
            f'<svg viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}">',
            *lines,
            *boxes,
            "</svg></div>",
        ]
    )


def without_shortcuts(edges: Edges) -> Edges:
    """The edges but those that a longer way stands for."""
    above: dict[str, set[str]] = {}

    def all_above(node: str) -> set[str]:
        if node not in above:
            read = [a for a in edges[node] if a in edges]
            above[node] = set(read).union(*map(all_above, read))
        return above[node]

    return {
        node: [a for a in read if not any(a in all_above(b) for b in read if b in edges)]
        for node, read in edges.items()
    }


def without_nodes(edges: Edges, left_out: Collection[str]) -> Edges:
    """The edges without some nodes: who read these, reads what they read."""

    def read(node: str) -> set[str]:
        found: set[str] = set()
        for above in edges.get(node, ()):
            found |= read(above) if above in left_out else {above}
        return found

    return {node: sorted(read(node)) for node in edges if node not in left_out}


def _columns(edges: Edges) -> list[list[str]]:
    """The nodes by the longest way to them; those that are joined come to stand side by side."""
    depths: dict[str, int] = {}

    def depth(node: str) -> int:
        if node not in depths:
            depths[node] = 1 + max((depth(above) for above in edges[node]), default=-1)
        return depths[node]

    columns: list[list[str]] = [[] for _ in range(1 + max(map(depth, edges)))]
    for node in sorted(edges):
        columns[depths[node]].append(node)
    below = {node: [n for n in edges if node in edges[n]] for node in edges}
    for sweep in range(SWEEPS):
        near, ordered = (edges, columns) if sweep % 2 == 0 else (below, columns[::-1])
        for column in ordered:
            heights = _heights(columns)
            column.sort(key=lambda node: _mean([heights[n] for n in near[node]], heights[node]))
    return columns


def _heights(columns: Sequence[Sequence[str]]) -> dict[str, float]:
    return {n: y - len(column) / 2 for column in columns for y, n in enumerate(column)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT / 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT / 2
    bend = (x2 - x1) / 2
    return f'<path d="M{x1:g},{y1:g} C{x1 + bend:g},{y1:g} {x2 - bend:g},{y2:g} {x2:g},{y2:g}"/>'


def _box(node: str, place: tuple[float, float], link: str, is_here: bool) -> str:
    schema, _, name = node.rpartition(".")
    x, y = place
    current = ' aria-current="page"' if is_here else ""
    return (
        f'<a href="{escape(link)}" class="box {schema}"{current} aria-label="{escape(node)}">'
        f'<rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>'
        f'<text x="{x + 9:g}" y="{y + 15:g}" class="layer">{escape(schema)}</text>'
        f'<text x="{x + 9:g}" y="{y + 30:g}">{escape(name)}</text></a>'
    )
