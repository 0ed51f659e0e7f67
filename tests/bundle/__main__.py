"""Writes the definitions that the tests compare with: `python -m tests.bundle`."""

import json

from tests.bundle import TARGETS, definitions, golden, kept

for target in TARGETS:
    text = json.dumps(kept(definitions(target)), indent=2, sort_keys=True, ensure_ascii=False)
    golden(target).write_text(f"{text}\n", encoding="utf-8")
    print(golden(target))
