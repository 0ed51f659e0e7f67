"""Executes a file as serverless compute does a `spark_python_task`: its code in an IPython shell,
without `__file__`, with Databricks' variable. Afterwards it says what the file made of that.

    python ipython_task.py CLASS FILE ARGUMENT...

where CLASS is what the shell's class is called, since by its name it is taken for a notebook's.
"""

import os
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

AFTERWARDS = """
from sqlmesh.core.console import get_console
print("console:", type(get_console()).__name__)
"""

os.environ["DATABRICKS_RUNTIME_VERSION"] = "client.5.0"
_, kind, *called = sys.argv
shell = type(kind, (InteractiveShell,), {}).instance()
assert "__file__" not in shell.user_ns
displayed: list[object] = []
shell.display_pub.publish = lambda data, *_, **__: displayed.append(data)
sys.argv = called
done = shell.run_cell(Path(called[0]).read_text())
shell.run_cell(AFTERWARDS)
print("displayed:", len(displayed))
sys.exit(not done.success)
