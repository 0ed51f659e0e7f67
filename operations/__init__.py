"""What people, jobs and workflows do beyond SQLMesh's own commands."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent
