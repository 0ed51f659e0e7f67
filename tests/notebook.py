"""Runs a notebook's cells one after the other, as Jupyter does, and says what came of them.

    python notebook.py NOTEBOOK FRAME...

As one line of JSON: the titles of the pictures, and the rows of the frames of these names.
"""

import json
import sys
from pathlib import Path

import matplotlib
from IPython.core.interactiveshell import InteractiveShell

matplotlib.use("agg")
notebook, *frames = sys.argv[1:]
shell = InteractiveShell.instance()
for cell in json.loads(Path(notebook).read_text("utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()

from matplotlib import pyplot  # noqa: E402  # the cells have drawn with it

titles = [pyplot.figure(number).axes[0].get_title() for number in pyplot.get_fignums()]
rows = {name: shell.user_ns[name].astype(str).values.tolist() for name in frames}
print(json.dumps({"titles": titles, **rows}))
