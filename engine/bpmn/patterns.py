"""Patterns that people wrote, in forms and in FEEL: each matches for a limited time, since some would take for ever on some texts.

Python's own patterns know no limit. The library that does takes 8 MB, so it is read only where a form or an expression has a pattern.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

FLAGS = "smix"  # as XPath names them: a dot matches line ends too, ^ and $ match at each line, case does not count, spaces do not


def compiled(pattern: str, flags: str | None = None) -> "regex.Pattern[str]":
    """The pattern; its methods take a `timeout` in seconds and raise TimeoutError. Raises ValueError when it is none.

    A pattern of a form has no flags, and may choose the library's version by itself: `(?V1)`.
    """
    import regex

    known = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE, "x": regex.VERBOSE}
    chosen = 0 if flags is None else regex.VERSION0 | sum(known[flag] for flag in set(flags))
    try:
        return regex.compile(pattern, chosen)
    except (regex.error, OverflowError) as error:
        raise ValueError(str(error)) from None
