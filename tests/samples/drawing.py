"""Pieces of diagrams that several stories need."""

NAMES = (
    '<message id="m" name="paid-${order}"/><message id="m2" name="help"/><signal id="g" name="storm"/>'
    '<error id="x" errorCode="broken"/><error id="y" errorCode="script"/>'
)


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def boundary(name: str, at: str, definition: str, interrupting: bool = True) -> str:
    return f'<boundaryEvent id="{name}" attachedToRef="{at}" cancelActivity="{str(interrupting).lower()}">{definition}</boundaryEvent>'


def correlated(key: str) -> str:
    return (
        "<extensionElements><camunda:properties>"
        f'<camunda:property name="steward:correlationKey" value="{key}"/></camunda:properties></extensionElements>'
    )


def mapping(inputs: str = "", outputs: str = "") -> str:
    rows = [("input", pair) for pair in inputs.split(";") if pair] + [("output", pair) for pair in outputs.split(";") if pair]
    named = [(kind, *pair.split("=", 1)) for kind, pair in rows]
    parameters = "".join(f'<camunda:{kind}Parameter name="{name}">{value}</camunda:{kind}Parameter>' for kind, name, value in named)
    return f"<extensionElements><camunda:inputOutput>{parameters}</camunda:inputOutput></extensionElements>"


def over(collection: str, sequential: bool = False, condition: str = "") -> str:
    inside = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" camunda:collection="{collection}"'
        f' camunda:elementVariable="person">{inside}</multiInstanceLoopCharacteristics>'
    )


MESSAGE, SIGNAL = '<messageEventDefinition messageRef="m"/>', '<signalEventDefinition signalRef="g"/>'
HELP, BROKEN = '<messageEventDefinition messageRef="m2"/>', '<errorEventDefinition errorRef="x"/>'
RETRIES = "<extensionElements><camunda:failedJobRetryTimeCycle>R5/PT10M</camunda:failedJobRetryTimeCycle></extensionElements>"
JOB = '<serviceTask id="{}" camunda:type="external" camunda:topic="{}">{}</serviceTask>'
