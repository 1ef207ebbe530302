"""The layers of the code: web → webhooks → engine; inside engine each module imports from its own layer or below, never in a circle."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "webhooks", "web")

# From the bottom up. The longest matching prefix decides; a new module of engine/ takes its place here.
ENGINE_LAYERS = [
    (
        "settings",
        "clock",
        "crew",
        "errors",
        "states",
        "posts",
        "actors",
        "cursors",
        "calendar",
        "passwords",
        "correlation",
        "texts",
        "append_only",
        "payloads",
    ),
    (
        "tables",
        "bpmn.model",
        "bpmn.patterns",
        "bpmn.sandbox",
        "bpmn.expressions",
        "bpmn.feel",
        "bpmn.decisions",
        "bpmn.decision",
        "variables",
    ),
    ("forms", "form"),
    ("bpmn",),
    ("turnstile", "turns", "prepared", "db", "schema", "migrations", "rights"),
    (
        "history",
        "definitions",
        "loaded",
        "numbering",
        "periods",
        "installation",
        "sessions",
        "search",
        "sites",
        "site_lists",
        "schedules",
        "figures",
        "workflows",
        "absences",
    ),
    ("waits", "clocks", "incidents", "open_work", "queries", "cases", "inbox", "listings", "ledgers", "audit", "thrown"),
    ("reckoning",),
    ("runner",),
    (
        "instances",
        "alarms",
        "sequences",
        "user_tasks",
        "deciding",
        "signers",
        "vacancies",
        "vacated",
        "task_work",
        "bulk",
        "comments",
        "copies",
        "delegations",
        "follow_ups",
        "leavers",
        "priorities",
        "proxies",
        "reminders",
        "drafts",
        "timers",
        "scheduled_starts",
        "messages",
        "back_off",
        "due_jobs",
        "channels",
        "notice_texts",
        "announcements",
        "notices",
        "jobs",
        "retries",
        "standstill",
        "identity",
        "api_tokens",
        "residents",
        "unmasking",
        "masking",
        "personal_links",
        "personal_files",
        "reports",
        "returning",
        "modifying",
        "withdrawing",
        "offers",
        "attachments",
        "exclusions",
        "written_records",
        "imports",
        "working_days",
        "saved_lists",
        "board",
        "chosen_columns",
    ),
    ("worker", "housekeeping", "scheduler"),
    ("plays", "expectations"),
    ("scenarios", "demo"),
]

# What enters through one door only.
DOORS = {
    "SpiffWorkflow": "engine/bpmn/",
    "apscheduler": "engine/scheduler.py",
    "chinese_calendar": "engine/calendar.py",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by name."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {module_name(path): path for path in found if "node_modules" not in path.parts}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that is imported anywhere in the file, inside functions and for types only as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


@cache
def imports_of(name: str) -> frozenset[str]:
    return frozenset(imported(ast.parse(modules()[name].read_text(encoding="utf-8"))))


def our_modules_in(name: str) -> set[str]:
    """The modules of ours that this one imports: `from engine import db` names engine.db, `from engine.db import x` too."""
    found = set()
    for target in imports_of(name):
        for candidate in (target, target.rpartition(".")[0]):
            if candidate in modules():
                found.add(candidate)
                break
    return found - {name}


def layer(name: str) -> int:
    inside = name.removeprefix("engine.")
    matches = [
        (len(prefix), number)
        for number, prefixes in enumerate(ENGINE_LAYERS)
        for prefix in prefixes
        if inside == prefix or inside.startswith((prefix + ".", prefix + "_"))
    ]
    assert matches, f"Expected {name} to have a layer, but ENGINE_LAYERS in tests/test_imports.py does not name it"
    return max(matches)[1]


def engine_modules() -> list[str]:
    return [name for name in modules() if name.startswith("engine.") and not name.startswith("engine.migrations.")]


def test_packages_import_one_way_only() -> None:
    allowed = {"engine": {"engine"}, "webhooks": {"engine", "webhooks"}, "web": {"engine", "webhooks", "web"}}
    wrong = [
        f"{name} imports {target}"
        for name in modules()
        for target in imports_of(name)
        if (top := target.split(".")[0]) in PACKAGES and top not in allowed[name.split(".")[0]]
    ]
    assert wrong == []


def test_engine_modules_import_only_from_their_own_layer_or_below() -> None:
    wrong = [
        f"{name} (layer {layer(name)}) imports {target} (layer {layer(target)})"
        for name in engine_modules()
        for target in our_modules_in(name)
        if target != "engine" and layer(target) > layer(name)
    ]
    assert wrong == []


def test_no_module_imports_itself_by_a_detour() -> None:
    sorter = TopologicalSorter({name: our_modules_in(name) for name in modules()})
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail("Expected no circle of imports, but found " + " → ".join(error.args[1]))


@pytest.mark.parametrize(("library", "door"), DOORS.items())
def test_a_library_enters_through_its_door_only(library: str, door: str) -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for name, path in modules().items()
        if any(target.split(".")[0] == library for target in imports_of(name)) and not str(path.relative_to(ROOT)).startswith(door)
    ]
    assert wrong == []


def test_only_settings_reads_the_environment() -> None:
    wrong = []
    for name, path in modules().items():
        names = {node.attr for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)}
        reads = names & {"environ", "getenv"} or imports_of(name) & {"os.environ", "os.getenv"}
        if reads and name != "engine.settings":
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_the_engine_knows_no_http() -> None:
    of_the_web = ("flask", "apiflask", "werkzeug", "waitress", "jinja2")
    wrong = [f"{name} imports {target}" for name in engine_modules() for target in imports_of(name) if target.startswith(of_the_web)]
    assert wrong == []


def test_nobody_imports_a_private_name_of_another_file() -> None:
    wrong = [
        f"{name} imports {target}"
        for name in modules()
        for target in imports_of(name)
        if target.split(".")[0] in PACKAGES and any(part.startswith("_") and not part.startswith("__") for part in target.split("."))
    ]
    assert wrong == []


def test_imports_are_absolute() -> None:
    wrong = [f"{name} imports {target}" for name in modules() for target in imports_of(name) if target.startswith(".")]
    assert wrong == []


def test_every_third_party_import_is_a_declared_requirement() -> None:
    declared = {line.split("=")[0].split("<")[0].split(">")[0].split("[")[0].strip().lower() for line in requirement_lines()}
    known = {
        "argon2": "argon2-cffi",
        "chinese_calendar": "chinesecalendar",
        "flask_babel": "flask-babel",
        "flask_limiter": "flask-limiter",
        "flask_login": "flask-login",
        "flask_wtf": "flask-wtf",
        "PIL": "pillow",
        "psycopg": "psycopg",
        "yaml": "pyyaml",
    }
    # These come with a declared one and belong to its interface.
    parts_of_others = {"wtforms", "werkzeug", "jinja2", "markupsafe", "webargs", "apispec", "limits", "babel", "urllib3"}
    wrong = set()
    for name in modules():
        for target in imports_of(name):
            top = target.split(".")[0]
            if top in PACKAGES or top in sys.stdlib_module_names or top in parts_of_others:
                continue
            if known.get(top, top).lower() not in declared:
                wrong.add(f"{name} imports {top}")
    assert wrong == set()


def requirement_lines() -> list[str]:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_a_server_reads_no_library_before_somebody_needs_it() -> None:
    """Each of these takes a megabyte or ten for as long as the process serves: migrations, patterns, sheets, pictures, QR codes."""
    program = "import sys, web.cli.serving, web.app, engine.schema, engine.scheduler, webhooks.deliveries; print(*sys.modules)"
    read = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "sqlalchemy" in read
    assert sorted({"alembic", "regex", "xlsxwriter", "PIL", "segno"} & set(read)) == []
