"""Machines knocking on the door, and answers to them: signed webhooks."""
