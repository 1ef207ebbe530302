"""Cases that know what was done: sent back, taken back, moved by hand; added signers and votes; what is undone, and done in any order."""

from tests.conformance.drive import bpmn
from tests.samples.drawing import boundary, timer
from tests.samples.plays import Story, step


def task(name: str, attributes: str = 'camunda:candidateGroups="technician"', inside: str = "", **properties: str) -> str:
    rows = {"returnTo": "earlier", "withdraw": "allowed", **properties}
    said = "".join(f'<camunda:property name="steward:{each}" value="{value}"/>' for each, value in rows.items())
    return (
        f'<userTask id="{name}" name="{name}" {attributes}><extensionElements><camunda:properties>{said}</camunda:properties>'
        f"</extensionElements>{inside}</userTask>"
    )


def tasks(names: str) -> str:
    return "".join(task(name) for name in names.split())


EACH = '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>'
APPROVAL = task(
    "agree", 'camunda:assignee="${person}"', EACH, approval="share:0.6", buttons="approve=同意; reject=不同意", whenSame="refuse"
)  # fmt: skip
HANDLED = (
    '<boundaryEvent id="b{0}" attachedToRef="{0}"><compensateEventDefinition/></boundaryEvent>'
    '<userTask id="u{0}" isForCompensation="true" camunda:candidateGroups="technician"/>'
    '<association id="as{0}" sourceRef="b{0}" targetRef="u{0}"/>'
)

WAYS_BACK = [
    Story(
        "sent_back_over_a_join",
        bpmn(
            f"""<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="e"/>{tasks("o a b c d")}
            s -> o -> f -> a -> c -> j -> d -> e
            f -> b -> j"""
        ),
        [
            step("complete", "o", by="chen"),
            step("complete", "a", by="anna"),
            step("complete", "b", by="bao"),
            step("complete", "c", by="anna"),
            step("return", "d", to="a"),
            step("complete", "a", by="anna"),
            step("withdraw", "a"),
            step("complete", "a", by="emma"),
            step("complete", "c", by="anna"),
            step("return", "d", to="b"),
            step("complete", "b", by="bao"),
            step("complete", "d", by="dong"),
        ],
    ),
    Story(
        "sent_back_into_what_was_interrupted",
        bpmn(
            f"""<startEvent id="s"/><endEvent id="e"/>{tasks("o z")}
            <subProcess id="p1"><startEvent id="i"/><parallelGateway id="pf"/>{tasks("x y w")}
            i -> x -> pf -> y
            pf -> w
            </subProcess>{boundary("late", "p1", timer("PT1H"))}
            s -> o -> p1 -> z -> e
            late -> z"""
        ),
        [
            step("complete", "o", by="chen"),
            step("complete", "x", by="anna"),
            step("complete", "y", by="bao"),
            step("fire", "late"),
            step("return", "z", to="o"),
            step("complete", "o", by="chen"),
            step("complete", "x", by="anna"),
            step("fire", "late"),
            step("complete", "z", by="dong"),
        ],
    ),
    Story(
        "an_approval_with_signers_sent_back",
        bpmn(f'<startEvent id="s"/><endEvent id="e"/>{tasks("o z")}{APPROVAL}\ns -> o -> agree -> z -> e'),
        [
            step("complete", "o", by="chen"),
            step("add_signer", "agree", login="hua", where="before", by="anna"),
            step("add_signer", "agree", login="guo", where="beside", by="bao"),
            step("decide", "agree", number=2, by="hua", decision="reject"),
            step("decide", "agree", by="anna", decision="approve"),
            step("decide", "agree", by="bao", decision="approve"),
            step("decide", "agree", by="emma", decision="approve"),
            step("return", "z", to="agree"),
            step("decide", "agree", by="anna", decision="approve"),
            step("decide", "agree", by="bao", decision="approve"),
            step("complete", "z", by="dong"),
        ],
        {"people": ["anna", "bao", "emma"]},
    ),
    Story(
        "moved_by_hand",
        bpmn(
            f"""<startEvent id="s"/><endEvent id="e"/>{tasks("o z")}
            <subProcess id="p1"><startEvent id="i"/>{tasks("x y")}
            i -> x -> y
            </subProcess>{boundary("late", "p1", timer("PT1H"))}
            s -> o -> p1 -> z -> e
            late -> z"""
        ),
        [
            step("complete", "o", by="chen"),
            step("move", ended="p1", begun="y", part=1),
            step("move", ended="y", begun="z"),
            step("return", "z", to="o"),
            step("complete", "o", by="chen"),
            step("complete", "x", by="anna"),
            step("complete", "y", by="anna"),
            step("complete", "z", by="dong"),
        ],
    ),
    Story(
        "what_was_done_is_being_taken_back",
        bpmn(
            f"""<startEvent id="s"/><userTask id="a"/><userTask id="b"/><userTask id="c"/><endEvent id="e"/>
            <intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>{HANDLED.format("a")}{HANDLED.format("b")}
            s -> a -> b -> t -> c -> e"""
        ),
        [step("complete", each) for each in ("a", "b", "ub", "ua", "c")],
    ),
    Story(
        "in_any_order_one_at_a_time",
        bpmn(
            """<startEvent id="s"/><adHocSubProcess id="h" ordering="Sequential"><userTask id="x"/><userTask id="y"/>
            <completionCondition>enough</completionCondition></adHocSubProcess><userTask id="z"/><endEvent id="e"/>
            s -> h -> z -> e"""
        ),
        [step("complete", "y"), step("complete", "x"), step("complete", "x", enough=True), step("complete", "z")],
        {"enough": False},
    ),
]
