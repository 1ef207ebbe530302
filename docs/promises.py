"""Makes the table of bpmn.md and the page conformance.md from the models that the tests play: run `make docs` when they have changed."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conformance.drive import bpmn  # noqa: E402
from tests.conformance.promise import Promise, Step  # noqa: E402
from tests.conformance.promises import CHAPTERS  # noqa: E402

BEGIN, END = "<!-- made by docs/promises.py -->", "<!-- end of what docs/promises.py makes -->"
_DONE = {"complete": "complete", "fire": "the time comes of", "deliver": "the message comes to"}
_MANY = 60  # visits that are written out


def table() -> str:
    """Every construct with its promise and the way to its example."""
    lines = ["| construct | what it does | example |", "|---|---|---|"]
    for rows in CHAPTERS.values():
        lines += [f"| {row.construct} | {row.promise} | [model](conformance.md#{_anchor(row.construct)}) |" for row in rows]
    return "\n".join(lines)


def with_table(manual: str) -> str:
    """The manual with the table as it is now."""
    before, _, rest = manual.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def examples() -> str:
    """The page of the examples."""
    parts = [
        "# Construct by construct\n\n"
        "Each model here is as small as it can be. The tests deploy it and play it as it says (`tests/conformance/promises.py`),\n"
        "once in memory and once stored and loaded at every rest. This page is made from them: `make docs`.\n"
    ]
    for chapter, rows in CHAPTERS.items():
        parts.append(f"## {chapter}\n")
        parts += [_example(row) for row in rows]
    return "\n".join(parts)


def _example(row: Promise) -> str:
    blocks = f"### {row.construct}\n\n{row.promise}\n\n```xml\n{_xml(bpmn(row.drawn or row.body, row.around))}```\n"
    if row.decisions:
        blocks += f"\n```xml\n{_xml(row.decisions.encode())}```\n"
    return f"{blocks}\n{_played(row)}\n"


def _played(row: Promise) -> str:
    if row.refused:
        return f"Refused when it is deployed: “… {row.refused} …”."
    said = []
    if row.begins_at:
        said.append(f"In {row.zone} it is {_moment(row.begins_at)}.")
    if row.begun_by:
        said.append(f"The message of `{row.begun_by}` comes.")
    if row.start:
        said.append(f"It begins with {_values(row.start)}.")
    if row.lists:
        said.append(f"The site has {_values(row.lists)}.")
    if row.steps:
        said.append(f"Played: {'; '.join(map(_step, row.steps))}.")
    if row.due:
        said.append(f"Due: {', '.join(row.due)}.")
    visits = row.visits.split()
    shown = " → ".join(f"`{visit}`" for visit in visits) if len(visits) < _MANY else f"{len(visits)} of them"
    said.append(f"Visits: {shown}.")
    if row.deepest:
        said.append(f"Likewise in each case that is called, down to the one {row.deepest} deep.")
    if row.waiting:
        said.append(f"Then it waits at {', '.join(f'`{activity}`' for activity in row.waiting.split())}.")
    if row.failure:
        activity, kind = row.failure.split()
        said.append(f"Then there is an incident of the kind `{kind}` at `{activity}`.")
    if row.thrown:
        said.append(f"Sent: {', '.join(f'`{name}`' for name in row.thrown.split())}.")
    if row.stored:
        said.append(f"Stored: {_values(row.stored)}.")
    if row.values:
        said.append(f"In the end: {_values(row.values)}.")
    return " ".join(said)


def _step(step: Step) -> str:
    kind, activity, values = step
    return f"{_DONE[kind]} `{activity}`{' with ' + _values(values) if values else ''}"


def _moment(text: str) -> str:
    return text.replace("T", " ")


def _values(values: Mapping[str, object]) -> str:
    return ", ".join(f"`{name} = {value!r}`" for name, value in values.items())


def _xml(content: bytes) -> str:
    """Indented, and without the declarations that every file has."""
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode")
    lines = text.splitlines()[1:-1]
    return "\n".join(line.removeprefix("  ") for line in lines) + "\n"


def _anchor(heading: str) -> str:
    """The address that readers of Markdown give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main() -> None:
    manual = ROOT / "docs" / "bpmn.md"
    (ROOT / "docs" / "conformance.md").write_text(examples(), encoding="utf-8")
    manual.write_text(with_table(manual.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
