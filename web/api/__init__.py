"""The API: one file per noun, described at /api/openapi.json."""
