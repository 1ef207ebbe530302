"""Keeps what this release stores, for every later one to load: `python -m tests.samples.record 0.2.0`. Run once a release, by hand.

Names of stories after it record these alone: what is stored in a new way, before the release.
"""

import json
import sys

from tests.samples.plays import HERE, Record, record
from tests.samples.stories import STORIES


def main(release: str, *names: str) -> None:
    folder = HERE / release
    folder.mkdir(exist_ok=True)
    for story in STORIES:
        path = folder / f"{story.name}.json"
        if path.exists() or (names and story.name not in names):
            continue  # what a release has written stays as it was written
        path.write_text(_lines(record(story)))
        sys.stdout.write(f"{path.relative_to(HERE)}\n")


def _lines(recorded: Record) -> str:
    """A line for each rest."""
    rests = ",\n".join(json.dumps(rest, ensure_ascii=False) for rest in recorded["rests"])
    rest_apart = {name: value for name, value in recorded.items() if name != "rests"}
    return f'{json.dumps(rest_apart, ensure_ascii=False)[:-1]},\n"rests": [\n{rests}\n]}}\n'


if __name__ == "__main__":
    main(*sys.argv[1:])
