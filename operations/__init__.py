"""What people and workflows do with the platform beyond SQLMesh's own commands."""
