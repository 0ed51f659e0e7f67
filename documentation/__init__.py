"""The documentation site: `streaming docs` builds it into site/, from SQLMesh's own context.

`catalog.py` reads the models, their lineage and what the last run left; `pages.py` makes texts of
it with `templates/`; `hooks.py` hands them to MkDocs (mkdocs.yml), with what stands in docs/.
"""
