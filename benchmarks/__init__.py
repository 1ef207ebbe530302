"""Figures: what Steward can do on this machine, each beside what was measured next to it in the same run. One file a figure."""
