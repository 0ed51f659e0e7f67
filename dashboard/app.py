"""The dashboard as an app of marimo: `streaming dashboard`.

STREAMING_DASHBOARD_ENVIRONMENT names the environment; SQLMESH__DEFAULT_GATEWAY the engine.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Streaming platform")


@app.cell(hide_code=True)
def _():
    import os
    import sys
    from pathlib import Path

    import marimo as mo
    from sqlmesh import Context

    PROJECT = Path(__file__).resolve().parent.parent
    sys.path.insert(0, str(PROJECT))
    os.chdir(PROJECT)  # the data's folder is told from here

    from dashboard import data, figures
    from dashboard.key_figures import key_figures
    from dashboard.measured import FILTERS, Chosen
    from dashboard.words import data_up_to
    from macros.settings import setting
    from operations import freed
    from operations.environment.shown import NoEnvironment, made
    from operations.text import as_markdown

    context = Context(paths=PROJECT, load=False)  # reads .env
    environment = setting("STREAMING_DASHBOARD_ENVIRONMENT")

    try:
        with freed(context):  # so that runs can have them while the dashboard is open
            _, views = made(context, environment)
            fixed = data.read_queries(context, views)
            there_is = data.choices(context, views)
    except NoEnvironment as error:
        mo.stop(True, mo.callout(mo.md(as_markdown(str(error))), kind="warn"))
    return (
        Chosen,
        FILTERS,
        as_markdown,
        context,
        data,
        data_up_to,
        environment,
        figures,
        fixed,
        freed,
        key_figures,
        mo,
        there_is,
        views,
    )


@app.cell(hide_code=True)
def _(FILTERS, data, fixed, mo, there_is):
    first, last = data.watched_days(fixed)
    days = mo.ui.date_range(start=first, stop=last, label="Days") if first else None
    only = mo.ui.dictionary(
        {
            name: mo.ui.dropdown(["all", *there_is[name]], value="all", label=name.capitalize())
            for name in FILTERS
        }
    )
    return days, first, last, only


@app.cell(hide_code=True)
def _(Chosen, context, data, days, first, fixed, freed, last, only, views):
    span = days.value if days else (None, None)
    if span == (first, last):
        span = (None, None)
    chosen = Chosen(*span, tuple((n, v) for n, v in only.value.items() if v and v != "all"))
    with freed(context):
        frames = fixed | data.read_measures(context, views, chosen, data.last_day(fixed))
    return chosen, frames


@app.cell(hide_code=True)
def _(as_markdown, mo):
    def drawn(figure):
        """A figure below its title, and its numbers, to look at and to take along."""
        parts = [mo.md(f"### {as_markdown(figure.title)}")]
        if figure.chart is not None:
            # Drawn as SVG, whose texts a screen reader and the browser's search find
            svg = {"embedOptions": {"renderer": "svg", "actions": False}}
            # In the page's colours, light or dark
            chart = figure.chart.configure(background="transparent")
            chart = chart.configure_text(color="currentColor")
            parts.append(mo.as_html(chart.properties(usermeta=svg)))
            numbers = mo.ui.table(figure.rows, selection=None, pagination=True)
            parts.append(mo.accordion({"Numbers": numbers}))
        # Two side by side where there is room; on a phone a chart is pushed, and not the page
        box = {"flex": "0 0 35rem", "width": "35rem", "max-width": "88vw", "overflow-x": "auto"}
        return mo.vstack(parts).style(box)

    return (drawn,)


@app.cell(hide_code=True)
def _(drawn, mo):
    def side_by_side(figures):
        return mo.hstack([drawn(each) for each in figures], wrap=True, justify="start", gap=1)

    return (side_by_side,)


@app.cell(hide_code=True)
def _(fixed, mo):
    titles = {f"{row.title} ({row.show_id})": row.show_id for row in fixed["shows"].itertuples()}
    show = mo.ui.dropdown(
        titles,
        value=next(iter(titles), None),
        label="Show, the most watched first",
        searchable=True,
    )
    return (show,)


@app.cell(hide_code=True)
def _(as_markdown, figures, frames, mo, show, side_by_side):
    if show.value is None:
        of_a_show = mo.md("There are no shows yet.")
    else:
        said, about = figures.show(frames, show.value)
        of_a_show = mo.vstack([show, mo.md(as_markdown(said)), side_by_side(about)])
    return (of_a_show,)


@app.cell(hide_code=True)
def _(
    as_markdown,
    chosen,
    data_up_to,
    days,
    environment,
    figures,
    frames,
    key_figures,
    mo,
    of_a_show,
    only,
    side_by_side,
):
    period, keys = key_figures(frames)
    stats = [mo.stat(k.value, label=k.name, caption=k.change, bordered=True) for k in keys]
    filters = mo.hstack([*([days] if days else []), *only.values()], wrap=True, justify="start")
    viewing = [
        filters,
        mo.md(period),
        mo.hstack(stats, wrap=True, justify="start"),
        side_by_side(f(frames, chosen) for f in figures.VIEWING),
        mo.md("Ratings know no device: they are those of all."),
    ]
    mo.vstack(
        [
            mo.md(f"# Streaming platform: {as_markdown(environment)}\n\n{data_up_to(frames)}"),
            mo.ui.tabs(
                {
                    "Viewing": mo.vstack(viewing, gap=2),
                    "Users": side_by_side(f(frames) for f in figures.USERS),
                    "Shows": of_a_show,
                    "Data quality": side_by_side(f(frames) for f in figures.QUALITY),
                }
            ),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
