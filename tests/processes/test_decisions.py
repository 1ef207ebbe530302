"""The decision tables hold what the handbooks say of urgency, charges, night duty, callbacks and complaints."""

import json
from functools import cache
from typing import Any

import pytest

from engine.bpmn.decisions import compile_decisions
from engine.bpmn.parser import read_xml
from engine.posts import POSTS
from tests.processes.play import PROCESSES


@cache
def decision(process: str, name: str) -> Any:
    path = PROCESSES / process / f"{name}.dmn"
    return compile_decisions(read_xml(path.read_bytes(), path.name), path.name)[name]


def urgency(kind: str, extent: str = "room", danger: bool = False) -> str:
    return str(decision("repair", "repair_class").evaluate({"kind": kind, "extent": extent, "danger": danger}))


@pytest.mark.parametrize("kind", ["pipe_leak", "fire", "crime"])
def test_flooding_fire_and_crime_are_emergencies(kind: str) -> None:
    assert urgency(kind) == "emergency"


@pytest.mark.parametrize("kind", ["water_out", "power_out", "aircon_out", "phone_out"])
def test_a_supply_that_is_out_beyond_one_room_is_an_emergency(kind: str) -> None:
    assert urgency(kind, "beyond") == "emergency"
    assert urgency(kind, "room") != "emergency"


@pytest.mark.parametrize("kind", ["structure", "wiring", "pump", "tap_leak", "railing", "falling"])
def test_what_endangers_or_cuts_supply_is_urgent(kind: str) -> None:
    assert urgency(kind) == "urgent"


def test_anything_dangerous_is_urgent_and_the_rest_is_normal() -> None:
    assert [urgency("other", danger=True), urgency("other"), urgency("seepage"), urgency("no such kind")] == ["urgent", *["normal"] * 3]


def charged(kind: str, area: str = "indoor", warranty: bool = False) -> bool:
    result = decision("repair", "repair_tariff").evaluate({"kind": kind, "area": area, "warranty": warranty})
    return bool(result["charged"])


def test_only_private_parts_out_of_warranty_are_charged() -> None:
    assert charged("drain")
    assert not charged("drain", area="public")
    assert not charged("drain", warranty=True)
    assert not charged("structure")


def test_every_kind_of_the_form_has_an_item_of_the_price_list() -> None:
    for kind in ("pipe_leak", "tap", "appliance", "door_window", "other", "fire"):
        assert decision("repair", "repair_tariff").evaluate({"kind": kind, "area": "indoor", "warranty": False})["item"]


@pytest.mark.parametrize(
    ("night", "desk", "posts"),
    [
        (False, "duty_officer", "engineering_supervisor"),
        (True, "duty_officer", "duty_officer,order_officer"),
        (True, "control_room", "control_room,order_officer"),
    ],
)
def test_by_night_whoever_keeps_watch_dispatches_and_a_guard_stands_in(night: bool, desk: str, posts: str) -> None:
    assert decision("repair", "repair_route").evaluate({"night": night, "night_desk": desk}) == posts


@pytest.mark.parametrize(
    ("kind", "standard", "rate"),
    [
        ("repair", "PT24H", 100),
        ("complaint", "PT24H", 100),
        ("paid_service", "P7D", 100),
        ("developer", "P7D", 100),
        ("activity", "P7D", 10),
        ("other", "P7D", 0),
    ],
)
def test_a_callback_has_the_limit_and_the_rate_of_its_kind(kind: str, standard: str, rate: int) -> None:
    found = decision("callback", "callback_limit").evaluate({"kind": kind, "urgency": "normal", "repair_kind": ""})
    assert (found["standard"], found["rate"]) == (standard, rate)


def test_complaints_about_what_the_developer_built_or_promised_are_the_developers() -> None:
    found = [
        decision("complaint", "complaint_class").evaluate({"kind": kind})["side"]
        for kind in ("house_quality", "promise", "repair", "other")
    ]
    assert found == ["developer", "developer", "property", "property"]


def gravity(**marks: bool | str) -> tuple[str, bool]:
    said = {"severe": False, "exposed": False, "collective": False, "repeated": False, "channel": "telephone"} | marks
    found = decision("complaint", "complaint_weight").evaluate(said)
    return found["weight"], found["hard"]


def test_a_complaint_is_minor_unless_something_makes_it_grave_and_the_gravest_are_hard() -> None:
    assert gravity() == ("minor", False)
    assert [gravity(**{mark: True}) for mark in ("severe", "exposed", "collective")] == [("grave", True)] * 3
    assert [gravity(repeated=True), gravity(channel="head_office")] == [("grave", False)] * 2


@pytest.mark.parametrize(
    ("finding", "party", "valid"),
    [("true", "property", True), ("partly", "developer", True), ("untrue", "property", False), ("true", "outside", False), ("", "", True)],
)
def test_a_complaint_is_valid_unless_it_is_untrue_or_somebody_elses_matter(finding: str, party: str, valid: bool) -> None:
    assert decision("complaint", "complaint_validity").evaluate({"finding": finding, "party": party}) is valid


@pytest.mark.parametrize(
    ("desk", "channel", "post"),
    [
        ("first_responder", "visit", ""),
        ("by_channel", "visit", "assistant_officer"),
        ("by_channel", "telephone", "property_officer"),
        ("by_channel", "email", ""),
    ],
)
def test_a_site_may_give_complaints_to_an_officer_by_their_channel(desk: str, channel: str, post: str) -> None:
    assert decision("complaint", "complaint_desk").evaluate({"desk": desk, "channel": channel}) == post


def test_every_department_of_the_forms_has_its_posts() -> None:
    form = json.loads((PROCESSES / "complaint/forms/assign.form").read_text(encoding="utf-8"))
    [chosen] = [component for component in form["components"] if component.get("key") == "department"]
    for choice in chosen["values"]:
        found = decision("complaint", "complaint_department").evaluate({"department": choice["value"]})
        assert {found["supervisor"], found["worker"]} <= POSTS.keys()


@pytest.mark.parametrize(
    ("works", "item", "days"),
    [("minor", "minor", 30), ("ordinary", "ordinary", 60), ("structural", "structural", 90), ("?", "ordinary", 60)],
)
def test_the_class_of_the_works_sets_deposit_permit_and_patrols(works: str, item: str, days: int) -> None:
    found = decision("renovation", "renovation_terms").evaluate({"works_class": works})
    assert (found["deposit_item"], found["permit_days"], found["order_patrol"]) == (item, days, "P1D")
    assert found["maintenance_patrol"] == {"minor": "P7D", "structural": "P1D"}.get(works, "P3D")


def test_the_inspection_walks_its_places_every_day_and_the_garage_on_mondays() -> None:
    monday, tuesday = (
        [one["point"] for one in decision("inspection", "inspection_route").evaluate({"weekday_number": day})] for day in (1, 2)
    )
    assert tuesday == ["重点部位", "主要道路", "景观绿地", "大堂与楼道"]
    assert monday == [*tuesday, "地下车库"]
