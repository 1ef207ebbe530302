"""Every state and the moves that are allowed between them. Data only."""

INSTANCE = {
    "running": {"suspended", "completed", "cancelled"},
    "suspended": {"running", "cancelled"},
    "completed": set[str](),
    "cancelled": set[str](),
}

USER_TASK = {
    "ready": {"claimed", "completed", "cancelled"},
    "claimed": {"ready", "completed", "cancelled"},
    "completed": set[str](),
    "cancelled": {"ready", "claimed"},  # it comes back, when somebody has signed before its person
}

CLOCK = {
    "running": {"paused", "stopped"},
    "paused": {"running", "stopped"},
    "stopped": set[str](),
}

OPEN_TASK = ("ready", "claimed")
LIVE_INSTANCE = ("running", "suspended")
