"""The table of results in README.md, from runs of `steward bench --json`: `python -m benchmarks.table first.jsonl second.jsonl …`."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Told = Mapping[str, Any]


def rows(runs: Sequence[Sequence[Told]]) -> list[str]:
    """A line for each figure: its values, references and ratios in the order of the runs, and whether every run reached the bar."""
    named: dict[str, list[Told]] = {}
    for run in runs:
        for told in run:
            named.setdefault(told["figure"], []).append(told)
    return [_row(name, told) for name, told in named.items()]


def _row(name: str, told: Sequence[Told]) -> str:
    cells = [_several(told, "value"), told[0]["unit"], _several(told, "reference"), _several(told, "ratio")]
    bar = told[0]["bar"]
    reached = "" if bar is None else "ok" if all(one["ok"] for one in told) else "not reached"
    return f"| `{name}` | {' | '.join(cells)} | {'' if bar is None else f'{bar:g}'} | {reached} |"


def _several(told: Sequence[Told], what: str) -> str:
    return ", ".join(
        dict.fromkeys(f"{one[what]:,.4g}" if abs(one[what]) < 1_000 else f"{one[what]:,.0f}" for one in told if one[what] is not None)
    )


def main() -> None:
    runs = [[json.loads(line) for line in Path(file).read_text().splitlines()] for file in sys.argv[1:]]
    print("| figure | value | unit | beside | ratio | bar | |\n|---|---|---|---|---|---|---|")
    print("\n".join(rows(runs)))


if __name__ == "__main__":
    main()
