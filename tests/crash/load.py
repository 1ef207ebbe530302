"""People at work over HTTP while things break: each keeps book of what was answered, and asks again for what was not."""

import itertools
import random
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from engine import api_tokens, identity
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, script, task, timer
from tests.people import OPERATOR

AT_HAND = 2  # orders that one person has open
ONE_REQUEST = 30.0  # seconds until an answer is given up and asked for again
PATIENCE = 60.0  # seconds in which a request must be answered, however often it was asked

# An order goes through its rounds: a task beside a timer, a script, a called process, a message out, a message in, a timer, a task.
# `steps` tells at the end what each round was given, so that one lost, and one applied twice, are both seen.
_PROPERTIES = {"numberSeries": "WX"}
_CALL = (
    '<callActivity id="visit" calledElement="visit">'
    + extensions(None, '<camunda:in source="round" target="round"/><camunda:out source="seen" target="seen"/>')
    + "</callActivity>"
)
NOTE_SENT = '<message id="note_sent" name="note"/>'
_ROUND = '<camunda:inputOutput><camunda:inputParameter name="round">${round}</camunda:inputParameter></camunda:inputOutput>'
TELL = (
    f'<intermediateThrowEvent id="tell">{extensions(None, _ROUND)}<messageEventDefinition messageRef="note_sent"/></intermediateThrowEvent>'
)
_HEAR = (
    f'<intermediateCatchEvent id="hear">{extensions({"correlationKey": "ref"})}<messageEventDefinition messageRef="answer_sent"/>'
    "</intermediateCatchEvent>"
)
_PAUSE = (
    '<intermediateCatchEvent id="pause"><timerEventDefinition><timeDuration>PT0.3S</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>"
)
ORDER = diagram(
    chain(
        START_EVENT,
        '<exclusiveGateway id="again"/>',
        script("begin", "round = round + 1"),
        task("work"),
        _CALL,
        TELL,
        _HEAR,
        _PAUSE,
        script("keep", "steps = steps + [[round, mark, seen, heard]]"),
        task("check"),
        '<exclusiveGateway id="more" default="more_end"/>',
        END_EVENT,
    )
    + '<sequenceFlow id="more_again" sourceRef="more" targetRef="again"><conditionExpression>${round &lt; rounds}</conditionExpression>'
    + "</sequenceFlow>"
    + timer("nudge", "work", "PT0.2S")
    + script("nudged", "nudges = nudges + 1")
    + '<endEvent id="told"/><sequenceFlow id="nudge_nudged" sourceRef="nudge" targetRef="nudged"/>'
    + '<sequenceFlow id="nudged_told" sourceRef="nudged" targetRef="told"/>',
    properties=_PROPERTIES,
    before=NOTE_SENT + '<message id="answer_sent" name="answer"/>',
)
VISIT = diagram(chain(START_EVENT, script("look", "seen = round"), END_EVENT), key="visit", properties={"numberSeries": "V"})
NOTE = diagram(
    chain('<startEvent id="noted"><messageEventDefinition messageRef="note_sent"/></startEvent>', END_EVENT),
    key="note",
    properties={"numberSeries": "N"},
    before=NOTE_SENT,
)


@dataclass
class Order:
    """One order, as the person knows it who was answered."""

    id: int
    number: str
    ref: str
    rounds: int
    done: list[int] = field(default_factory=list)  # ids of the tasks whose completion was answered
    marks: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    @property
    def steps(self) -> list[list[Any]]:
        """What must stand in the order when it has ended."""
        return [[number, mark, number, heard] for number, (mark, heard) in enumerate(zip(self.marks, self.heard, strict=True), start=1)]


class Unanswered(Exception):
    """Nobody answered for as long as a person would ask."""


@dataclass
class Caller:
    """A program that asks again, with the same Idempotency-Key, when it has not heard the answer."""

    address: str
    token: str
    statuses: tuple[int, ...] = ()  # what counts as no answer: 503 where the database is away on purpose
    broken: int = 0  # how often the connection broke
    refused: list[requests.Response] = field(default_factory=list)
    web: requests.Session = field(default_factory=requests.Session)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": secrets.token_hex(8)})

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = self.web.request(method, f"{self.address}/api/v1{path}", headers=headers, timeout=ONE_REQUEST, **more)
            except requests.RequestException:
                self.broken += 1
                time.sleep(0.1)
                continue
            if answer.status_code not in self.statuses:
                assert answer.ok, f"Expected {method} {path} to be done, but: {answer.status_code} {answer.text}"
                return dict(answer.json())
            self.refused.append(answer)
            time.sleep(0.1)
        raise Unanswered(f"Expected {method} {path} to be answered within {PATIENCE} s, but it was not")


@dataclass
class Person:
    """Starts orders and moves them, one step at a time, and keeps book."""

    name: str
    api: Caller
    random: random.Random
    orders: list[Order] = field(default_factory=list)
    open: list[Order] = field(default_factory=list)
    acknowledged: int = 0

    def play(self, stop: threading.Event) -> None:
        """Work until told to stop; the step that has begun is finished."""
        while not stop.is_set():
            if len(self.open) < AT_HAND:
                self.start()
            elif not self.step(self.random.choice(self.open)):
                time.sleep(0.02)  # it waits for a timer, or for a job

    def finish(self) -> None:
        """Move every order that is still open to its end."""
        deadline = time.monotonic() + PATIENCE
        while self.open:
            assert time.monotonic() < deadline, f"Expected the orders of {self.name} to end, but {self.open[0]} does not"
            if not sum(self.step(order) for order in list(self.open)):
                time.sleep(0.05)

    def start(self) -> None:
        ref, rounds = f"{self.name}-{len(self.orders)}", self.random.randint(1, 3)
        variables = {"ref": ref, "rounds": rounds, "round": 0, "nudges": 0, "steps": []}
        said = self.api.post("/process-definitions/order/start", {"site": "S1", "variables": variables})
        self.acknowledged += 1
        order = Order(said["id"], said["number"], ref, rounds)
        self.orders.append(order)
        self.open.append(order)

    def step(self, order: Order) -> bool:
        """Do what the order waits for; False when that is not ours to do."""
        if len(order.heard) < len(order.marks):  # also before the order listens: the message is kept for it
            self._answer(order)
            return True
        waiting = self.api.get(f"/user-tasks?instance={order.id}")["items"]
        if not waiting:
            return False
        [task] = waiting
        self.complete(order, task)
        return True

    def complete(self, order: Order, task: dict[str, Any]) -> None:
        mark = f"{order.ref}-{len(order.marks)}"
        body = {"variables": {"mark": mark} if task["activity"] == "work" else {}}
        said = self.api.post(f"/user-tasks/{task['id']}/complete", body)
        self.acknowledged += 1
        order.done.append(task["id"])
        if task["activity"] == "work":
            order.marks.append(mark)
        if said["instance"]["state"] == "completed":
            self.open.remove(order)

    def _answer(self, order: Order) -> None:
        heard = f"heard-{len(order.heard)}"
        self.api.post("/messages", {"name": "answer", "site": "S1", "correlation": {"ref": order.ref}, "variables": {"heard": heard}})
        self.acknowledged += 1
        order.heard.append(heard)


def people(company: Company, address: str, count: int, dice: random.Random, statuses: tuple[int, ...] = ()) -> list[Person]:
    """So many technicians of site S1, each with a token, in front of the server."""
    now = datetime.now(UTC)
    with company.database.transaction() as session:
        logins = [identity.add_person(session, f"person{place}", "P", "S1", ["technician"], OPERATOR, now).login for place in range(count)]
        tokens = [api_tokens.issue(session, login, OPERATOR, now) for login in logins]
    return [
        Person(login, Caller(address, token, statuses), random.Random(dice.random())) for login, token in zip(logins, tokens, strict=True)
    ]


@contextmanager
def at_work(everybody: Sequence[Person]) -> Iterator[None]:
    """Everybody works during the block. What went wrong for one of them is raised at its end."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(everybody)) as threads:
        running = [threads.submit(person.play, stop) for person in everybody]
        try:
            yield
        finally:
            stop.set()
    for one in running:
        one.result()


def let_work(everybody: Sequence[Person], acts: int) -> None:
    """Wait until so many more acts have been acknowledged, or nobody can expect them any more."""
    wanted, deadline = acknowledged(everybody) + acts, time.monotonic() + PATIENCE
    while acknowledged(everybody) < wanted and time.monotonic() < deadline:
        time.sleep(0.002)


def finish(everybody: Sequence[Person]) -> None:
    with ThreadPoolExecutor(len(everybody)) as threads:
        list(threads.map(Person.finish, everybody))


def acknowledged(everybody: Sequence[Person]) -> int:
    return sum(person.acknowledged for person in everybody)


def orders(everybody: Sequence[Person]) -> list[Order]:
    return list(itertools.chain.from_iterable(person.orders for person in everybody))
