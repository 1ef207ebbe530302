"""Steward's engine: runs BPMN processes. Knows no HTTP; of the business it knows only its directory."""
