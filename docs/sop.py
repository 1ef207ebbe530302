"""Makes the page sop.md: every clause of the handbooks, where it is met, and which scenario shows it. `make docs` runs it."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.processes.clauses import ACROSS, BUILT, Answer, Clause, answers, clauses, split  # noqa: E402

KINDS = ("met", "conduct", "other process", "later")
HEAD = """# The handbooks, clause by clause

What the handbooks of property companies ask for (`processes/clauses.csv`), and what meets it: the process, its elements (ids of the
diagram; `clock.<name>` and `numberSeries` are properties of the process), and the scenarios that pass them. The page is made from the
tables in the READMEs of the processes (`make docs`); the tests compare every element with the diagrams, and see the scenarios pass
through the elements for which they are named.

*Met*: by elements and scenarios; what of it is still to come stands beside. *Conduct*: no software can do it. *Other process*: answered
by the process that is named. *Later*: not built yet; the process, or the place, where it will be is named.
"""


@dataclass(frozen=True)
class Line:
    """A clause with its answer; without one, its process is not built yet."""

    clause: Clause
    answer: Answer | None

    @property
    def kind(self) -> str:
        if self.answer is None:
            return "later"
        if self.answer.is_met:
            return "met"
        return next(kind for kind in KINDS[1:] if f"*{kind}*" in self.answer.how)

    def row(self) -> str:
        asked = self.clause.requirement + (f" ({self.clause.figure})" if self.clause.figure else "")
        if self.answer is None:
            return _cells(self.clause.id, asked, f"*later* (process `{self.clause.process}`)", "—", "—")
        answer = self.answer
        elements = (".".join(split(name, answer.process, ".")) for name in answer.elements)
        scenarios = ("/".join(split(name, answer.process, "/")) for name in answer.scenarios)
        return _cells(self.clause.id, asked, answer.how, _named(elements), _named(scenarios))


def page() -> str:
    """The page as it is now."""
    answered = {answer.clause: answer for answer in answers()}
    lines = [Line(clause, answered.get(clause.id)) for clause in clauses()]
    by_group = {key: list(found) for key, found in groupby(sorted(lines, key=_place), key=lambda line: line.clause.process)}
    parts = [HEAD, "## Counts\n", _counts(by_group)]
    for group, found in by_group.items():
        parts.append(f"\n## {group}\n")
        parts += [_cells("clause", "what is asked", "how", "element", "scenario"), "|---|---|---|---|---|", *(line.row() for line in found)]
    return "\n".join(parts) + "\n"


def _place(line: Line) -> tuple[int, str, str]:
    """Built processes first, then what cuts across them, then what is to come."""
    group = line.clause.process
    return 0 if group in BUILT else 1 if group in ACROSS else 2, group, line.clause.id


def _counts(by_group: dict[str, list[Line]]) -> str:
    rows = [_cells("group", "clauses", *KINDS), f"|---|{'---:|' * (len(KINDS) + 1)}"]
    total: Counter[str] = Counter()
    for group, lines in by_group.items():
        count = Counter(line.kind for line in lines)
        rows.append(_cells(f"[{group}](#{group})", str(len(lines)), *(str(count[kind]) for kind in KINDS)))
        total += count
    rows.append(_cells(*(f"**{cell}**" for cell in ("all", total.total(), *(total[kind] for kind in KINDS)))))
    return "\n".join(rows)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.strip().replace("|", "\\|") for cell in cells) + " |"


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "—"


def main() -> None:
    (ROOT / "docs" / "sop.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
