"""Writes the dashboard of every environment: python -m resources.dashboard"""

from __future__ import annotations

from resources.dashboard import ENVIRONMENTS, dashboard_file
from resources.dashboard.generate import dashboard_text

for environment in ENVIRONMENTS:
    dashboard_file(environment).write_text(dashboard_text(environment), encoding="utf-8")
