"""The diagrams that are measured."""

from itertools import pairwise

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="http://steward/benchmarks">\n'
)


def loop_of_three() -> bytes:
    """Three user tasks, round and round, for as long as the last one is completed with `again` set."""
    tasks = "".join(f'<bpmn:userTask id="{name}" name="{name}" camunda:candidateGroups="technician"/>\n' for name in ("a", "b", "c"))
    flows = "".join(
        f'<bpmn:sequenceFlow id="to_{target}_from_{source}" sourceRef="{source}" targetRef="{target}"/>\n'
        for source, target in (("begin", "again"), ("again", "a"), ("a", "b"), ("b", "c"), ("c", "more"), ("more", "done"))
    )
    back = (
        '<bpmn:sequenceFlow id="back" sourceRef="more" targetRef="again">'
        '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">again</bpmn:conditionExpression></bpmn:sequenceFlow>\n'
    )
    return (
        f'{HEAD}<bpmn:process id="loop" name="loop" isExecutable="true" camunda:historyTimeToLive="P30D">\n'
        f'<bpmn:startEvent id="begin"/>\n<bpmn:exclusiveGateway id="again"/>\n{tasks}'
        f'<bpmn:exclusiveGateway id="more" default="to_done_from_more"/>\n<bpmn:endEvent id="done"/>\n{flows}{back}'
        "</bpmn:process>\n</bpmn:definitions>\n"
    ).encode()


def row_of_tasks(count: int) -> bytes:
    """`count` user tasks, one after the other."""
    names = ["begin", *(f"task_{number}" for number in range(count)), "done"]
    tasks = "".join(f'<bpmn:userTask id="{name}" name="{name}" camunda:candidateGroups="technician"/>\n' for name in names[1:-1])
    flows = "".join(
        f'<bpmn:sequenceFlow id="flow_{number}" sourceRef="{source}" targetRef="{target}"/>\n'
        for number, (source, target) in enumerate(pairwise(names))
    )
    return (
        f'{HEAD}<bpmn:process id="row" name="row" isExecutable="true" camunda:historyTimeToLive="P30D">\n'
        f'<bpmn:startEvent id="begin"/>\n{tasks}<bpmn:endEvent id="done"/>\n{flows}</bpmn:process>\n</bpmn:definitions>\n'
    ).encode()


def chased_task() -> bytes:
    """A user task that is chased by a timer which does not interrupt it, as most steps of a repair order are."""
    return (
        f'{HEAD}<bpmn:process id="chased" name="chased" isExecutable="true" camunda:historyTimeToLive="P30D">\n'
        '<bpmn:startEvent id="begin"/>\n<bpmn:userTask id="work" name="work" camunda:candidateGroups="technician"/>\n'
        '<bpmn:boundaryEvent id="late" attachedToRef="work" cancelActivity="false"><bpmn:timerEventDefinition>'
        '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>\n'
        '<bpmn:endEvent id="chased_once"/>\n<bpmn:endEvent id="done"/>\n'
        '<bpmn:sequenceFlow id="to_work" sourceRef="begin" targetRef="work"/>\n'
        '<bpmn:sequenceFlow id="to_chased_once" sourceRef="late" targetRef="chased_once"/>\n'
        '<bpmn:sequenceFlow id="to_done" sourceRef="work" targetRef="done"/>\n</bpmn:process>\n</bpmn:definitions>\n'
    ).encode()
