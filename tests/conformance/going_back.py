"""Drives that go back to completed tasks: what the tests of ways back share."""

from engine.bpmn.triggers import Return, Withdraw
from engine.bpmn.workflow import Workflow
from tests.conformance.drive import Drive, bpmn

WAY = (
    '<extensionElements><camunda:properties><camunda:property name="steward:returnTo" value="earlier"/>'
    '<camunda:property name="steward:withdraw" value="allowed"/></camunda:properties></extensionElements>'
)
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"


def task(name: str, inside: str = "") -> str:
    return f'<userTask id="{name}" camunda:candidateGroups="g">{WAY}{inside}</userTask>'


def tasks(names: str) -> str:
    return "\n".join(task(name) for name in names.split())


def several(sequential: bool = False, of: int = 3, until: str = "") -> str:
    condition = f"<completionCondition>{until}</completionCondition>" if until else ""
    inside = f"<loopCardinality>{of}</loopCardinality>{condition}"
    return f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">{inside}</multiInstanceLoopCharacteristics>'


class Course(Drive):
    """A drive that goes back as well."""

    def go_back(self, activity: str, to: str, number: int = 0) -> None:
        token = self.wait(activity, number).token
        [way] = [way for way in self.workflow.ways_from(token) if way.activity_id == to]
        self.apply(Return(token, way.visit))

    def ways(self, activity: str, number: int = 0) -> list[str]:
        return [way.activity_id for way in self.workflow.ways_from(self.wait(activity, number).token)]

    def take_back(self, token: str) -> None:
        self.apply(Withdraw(token))

    def do(self, *activities: str) -> "Course":
        for activity in activities:
            self.complete(activity, f"who did {activity}")
        return self

    @property
    def workflow(self) -> Workflow:
        return self._live

    @property
    def stands(self) -> str:
        """The activities of all waits, in the order of the alphabet."""
        return " ".join(sorted(self.waiting))


def course(body: str) -> Course:
    return Course(bpmn(body))


PARALLEL = (
    '<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>\n'
    + tasks("o a b c d")
    + ("\ns -> o -> f -> a -> c -> j -> d\nf -> b -> j")
)
