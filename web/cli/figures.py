"""`steward bench`: the benchmarks of benchmarks/, one file a figure."""

import importlib
import json
import sys
from pathlib import Path

import click

from engine.errors import NotFound

HOME = Path(__file__).resolve().parents[2]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "wants_json", is_flag=True, help="JSON Lines, one a figure.")
@click.pass_context
def bench(context: click.Context, names: tuple[str, ...], wants_json: bool) -> None:
    """Measure the figures NAMES, or all of them; exit 1 when one misses its bar."""
    known = _known()
    for name in names:
        if name not in known:
            raise NotFound(f"Expected one of {', '.join(known)}, but got {name!r}")
    missed = []
    for name in names or known:
        for figure in importlib.import_module(f"benchmarks.{name}").measure():
            click.echo(json.dumps(figure.as_dict()) if wants_json else _line(figure.as_dict()))
            if not figure.ok:
                missed.append(figure.figure)
    if missed:
        click.echo(f"Expected every figure to reach its bar, but {', '.join(missed)} did not", err=True)
        context.exit(1)


def _known() -> list[str]:
    if not (HOME / "benchmarks").is_dir():
        raise NotFound(f"Expected the benchmarks in {HOME / 'benchmarks'}, but they are not installed")
    if str(HOME) not in sys.path:
        sys.path.insert(0, str(HOME))
    files = (HOME / "benchmarks").glob("*.py")
    return sorted(file.stem for file in files if "\ndef measure(" in file.read_text(encoding="utf-8"))  # the others are what they share


def _line(said: dict[str, object]) -> str:
    beside = f"beside {said['reference']}: ratio {said['ratio']}" if said["reference"] is not None else ""
    bar = f", bar {said['bar']}, {'ok' if said['ok'] else 'MISSED'}" if said["bar"] is not None else ""
    return f"{said['figure']:24} {said['value']} {said['unit']}  {beside}{bar}"
