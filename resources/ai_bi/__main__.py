"""Writes the dashboard of every environment: python -m resources.ai_bi"""

from __future__ import annotations

from resources.ai_bi import ENVIRONMENTS, dashboard_file
from resources.ai_bi.generate import dashboard_text

for environment in ENVIRONMENTS:
    dashboard_file(environment).write_text(dashboard_text(environment), encoding="utf-8")
