"""What the crash tests counted is told at the end of the run."""

from collections.abc import Callable

import pytest

from tests.crash.sizes import Tell

FIGURES = "figures"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Have a line of figures printed beside the test's name: kills, acknowledged acts, seconds, the seed."""
    return lambda line: record_property(FIGURES, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    lines = [
        f"{report.nodeid.split('::')[-1]}: {line}"
        for report in reports
        if report.when == "call"
        for name, line in report.user_properties
        if name == FIGURES
    ]
    if lines:
        terminalreporter.write_sep("=", "what was counted")
    for line in lines:
        terminalreporter.write_line(line)
