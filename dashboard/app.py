"""The dashboard as an app of marimo: `streaming dashboard`.

STREAMING_DASHBOARD_ENVIRONMENT names the environment; SQLMESH__DEFAULT_GATEWAY the engine.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Streaming platform")


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

    from dashboard import figures
    from dashboard.data import read
    from dashboard.words import data_up_to
    from macros.settings import setting
    from operations.environment.shown import NoEnvironment
    from operations.text import as_markdown

    context = Context(paths=PROJECT, load=False)  # reads .env
    environment = setting("STREAMING_DASHBOARD_ENVIRONMENT")
    try:
        frames = read(context, environment)
    except NoEnvironment as error:
        mo.stop(True, mo.callout(mo.md(as_markdown(str(error))), kind="warn"))
    finally:
        # So that runs can have the files while the dashboard is open
        context.close()
        context.engine_adapter.close()
    return as_markdown, data_up_to, environment, figures, frames, mo


@app.cell(hide_code=True)
def _(as_markdown, mo):
    def drawn(figure):
        """A figure below its title."""
        parts = [mo.md(f"### {as_markdown(figure.title)}")]
        if figure.chart is not None:
            # Drawn as SVG, whose texts a screen reader and the browser's search find
            svg = {"embedOptions": {"renderer": "svg", "actions": False}}
            parts.append(mo.as_html(figure.chart.properties(usermeta=svg)))
        return mo.vstack(parts)

    return (drawn,)


@app.cell(hide_code=True)
def _(frames, mo):
    titles = {f"{row.title} ({row.show_id})": row.show_id for row in frames["shows"].itertuples()}
    chosen = mo.ui.dropdown(
        titles,
        value=next(iter(titles), None),
        label="Show, the most watched first",
        searchable=True,
    )
    return (chosen,)


@app.cell(hide_code=True)
def _(as_markdown, chosen, drawn, figures, frames, mo):
    if chosen.value is None:
        of_a_show = mo.md("There are no shows yet.")
    else:
        said, about = figures.show(frames, chosen.value)
        of_a_show = mo.vstack(
            [chosen, mo.md(as_markdown(said)), mo.hstack([drawn(f) for f in about], wrap=True)]
        )
    return (of_a_show,)


@app.cell(hide_code=True)
def _(as_markdown, data_up_to, drawn, environment, figures, frames, mo, of_a_show):
    viewing = [drawn(f(frames)) for f in figures.VIEWING]
    quality = [drawn(f(frames)) for f in figures.QUALITY]
    mo.vstack(
        [
            mo.md(f"# Streaming platform: {as_markdown(environment)}\n\n{data_up_to(frames)}"),
            mo.ui.tabs(
                {
                    "Viewing": mo.vstack(viewing, gap=2),
                    "Shows": of_a_show,
                    "Data quality": mo.vstack(quality, gap=2),
                }
            ),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
