"""The figures of a site: found in the deployed diagrams, set in the kind of their default."""

from typing import Any

import pytest

from engine import figures, sites
from engine.actors import Actor
from engine.errors import Forbidden, Invalid, NotFound
from engine.figures import Figure
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task, timer
from tests.people import ANNA, EMMA, HUA

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
COLUMNS = '<output id="o1" name="setting" typeRef="string"/><output id="o2" name="standard" typeRef="string"/>'


def asking(*expressions: str, key: str = "order", name: str = "Order", **more: str) -> bytes:
    """A process whose script asks for figures."""
    lines = "\n".join(f"x{number} = {text}" for number, text in enumerate(expressions)) or "x = 1"
    return diagram(chain(START_EVENT, script("reckon", lines), task("work", **more), END_EVENT), key=key, name=name)


def shown(company: Company, actor: Actor = EMMA) -> dict[str, Figure]:
    with company.database.read() as session:
        return {figure.name: figure for figure in figures.of(session, "S1", actor)}


def put(company: Company, name: str, text: str | None, actor: Actor = EMMA) -> Any:
    with company.database.transaction() as session:
        return figures.set_figure(session, "S1", name, text, actor, company.now).value


def test_figures_are_found_wherever_a_diagram_asks_for_them(company: Company) -> None:
    late = timer("late", "work", "${site(&quot;wait_limit&quot;, &quot;P1D&quot;)}")
    over = '<endEvent id="over"/><sequenceFlow id="late_over" sourceRef="late" targetRef="over"/>'
    due = "${now() + duration(site('work_limit', 'PT5M'))}"
    clock = {"clock.answer": "from=start.completed; to=work.completed; limit=duration(site('answer_limit', 'P2D')); kpi=B09"}
    parts = chain(
        START_EVENT, script("reckon", 'n = site("rounds", -2) if site("strict", false) else 0'), task("work", dueDate=due), END_EVENT
    )
    company.deploy(diagram(parts + late + over, properties=clock))
    found = shown(company)
    assert {name: (one.default, one.kind, one.places[0].activity or one.places[0].clock) for name, one in found.items()} == {
        "answer_limit": ("P2D", "duration", "answer"),
        "rounds": (-2, "number", ""),
        "strict": (False, "truth", ""),
        "wait_limit": ("P1D", "duration", "Work"),
        "work_limit": ("PT5M", "duration", "Work"),
    }


def test_a_figure_of_several_processes_is_listed_once_with_all_that_ask(company: Company) -> None:
    company.deploy(asking("site('rounds', 2)", "site('rounds', 2)"), asking("site('rounds', 3)", key="other", name="Other"))
    (figure,) = shown(company).values()
    assert [place.process for place in figure.places] == ["Order", "Other"]
    assert (figure.default, figure.value) == (2, None)


def test_only_the_newest_version_of_a_process_counts(company: Company) -> None:
    company.deploy(asking("site('old', 2)"))
    company.deploy(asking("site('new', 2)"))
    assert list(shown(company)) == ["new"]


def test_names_and_defaults_may_stand_in_a_decision_table(company: Company) -> None:
    cells = [("repair_limit", "P3D"), ("seepage_limit", "PT4H")]
    rules = "".join(
        f'<rule id="r{number}"><description>about {row[0]}</description><inputEntry id="i{number}"><text>"{number}"</text></inputEntry>'
        + "".join(f'<outputEntry id="c{number}{column}"><text>"{text}"</text></outputEntry>' for column, text in enumerate(row))
        + "</rule>"
        for number, row in enumerate(cells)
    )
    column = '<input id="k"><inputExpression id="ke" typeRef="string"><text>kind</text></inputExpression></input>'
    table = f'<decisionTable id="t" hitPolicy="FIRST">{column}{COLUMNS}{rules}</decisionTable>'
    dmn = f'<definitions xmlns="{DMN}" id="d" name="d" namespace="n"><decision id="rule" name="rule">{table}</decision></definitions>'
    decide = '<businessRuleTask id="decide" camunda:decisionRef="rule" camunda:resultVariable="rule"/>'
    asks = script("reckon", "limit = site(rule.setting, rule.standard)\nprice = site('price_' + rule.setting, 0)")
    company.deploy(diagram(chain(START_EVENT, decide, asks, END_EVENT)), **{"rule.dmn": dmn.encode()})
    assert {name: one.default for name, one in shown(company).items()} == {
        "price_repair_limit": 0,
        "price_seepage_limit": 0,
        "repair_limit": "P3D",
        "seepage_limit": "PT4H",
    }
    assert [place.rule for place in shown(company)["price_repair_limit"].places] == ["about repair_limit"]


def test_a_figure_counts_at_once_and_the_default_comes_back(company: Company) -> None:
    company.deploy(asking("site('rounds', 2)"))
    assert put(company, "rounds", " 3 ") == 3
    assert shown(company)["rounds"].value == 3
    assert company.variables(company.start())["x0"] == 3
    assert put(company, "rounds", None) is None
    assert company.variables(company.start())["x0"] == 2


@pytest.mark.parametrize(
    ("default", "good", "value", "bad"),
    [
        ("'PT5M'", "P1DT2H", "P1DT2H", ["5", "PT0S", "P", "-PT1H", "P99999999999D", ""]),
        ("2", "2.5", 2.5, ["two", "nan", "inf", "1e400", "P3D", ""]),
        ("true", "false", False, ["no", "1", ""]),
        ("'08:30'", "09:00", "09:00", ["8:30", "24:00", "PT8H", ""]),
        ("'duty_officer'", "control_room", "control_room", ["nobody", "", "anna"]),
        ("'前台'", "后门", "后门", ["", " ", "x" * 201, "a\x00b"]),
    ],
)
def test_a_value_must_be_of_the_kind_of_its_default(company: Company, default: str, good: str, value: Any, bad: list[str]) -> None:
    company.deploy(asking(f"site('figure', {default})"))
    for text in bad:
        with pytest.raises(Invalid) as refusal:
            put(company, "figure", text)
        assert list(refusal.value.fields) == ["figure"]
    assert put(company, "figure", good) == value


def test_a_name_that_nobody_asks_for_is_refused(company: Company) -> None:
    company.deploy(asking("site('rounds', 2)"))
    with pytest.raises(NotFound):
        put(company, "round", "3")


def test_what_no_process_asks_for_any_more_is_listed_and_can_go(company: Company) -> None:
    with company.database.transaction() as session:
        sites.set_variable(session, "S1", "forgotten", "PT7M", EMMA, company.now)
    assert (shown(company)["forgotten"].places, shown(company)["forgotten"].value) == ((), "PT7M")
    put(company, "forgotten", None)
    assert shown(company) == {}


def test_what_only_pages_ask_for_can_be_set_and_is_listed_then(company: Company) -> None:
    put(company, "work_order_copies", "3")
    put(company, "service_telephone", "0755-12345678")
    assert {name: figure.value for name, figure in shown(company).items()} == {"work_order_copies": 3, "service_telephone": "0755-12345678"}
    with pytest.raises(Invalid):
        put(company, "work_order_copies", "three")


def test_figures_are_the_business_of_who_administers_the_site(company: Company) -> None:
    company.deploy(asking("site('rounds', 2)"))
    for actor, refusal in ((ANNA, Forbidden), (HUA, NotFound)):
        with pytest.raises(refusal):
            shown(company, actor)
        with pytest.raises(refusal):
            put(company, "rounds", "3", actor)


def test_setting_the_same_again_is_no_event(company: Company) -> None:
    from engine import history

    company.deploy(asking("site('rounds', 2)"))
    for _ in range(2):
        put(company, "rounds", "3")
    with company.database.read() as session:
        told = [line.data for line in history.lines(session, history.site_chain("S1")) if line.type == "site_variable.set"]
    assert told == [{"name": "rounds", "before": None, "after": 3}]
