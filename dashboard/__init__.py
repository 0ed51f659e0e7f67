"""The analysts' dashboard on gold, analytics and quality, on the engine of SQLMesh's gateway.

`data.py` reads the rows, `figures.py` makes charts of them; `app.py` is the app, which `streaming
dashboard` opens, `export.py` writes the same as a page of pictures. On Databricks there is an AI/BI
dashboard of the same queries beside it (resources/ai_bi).
"""
