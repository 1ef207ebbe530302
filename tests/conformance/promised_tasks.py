"""Rows about tasks."""

from tests.conformance.promise import MESSAGE, Promise, complete

IN_A_ROW = [f"t{number}" for number in range(1, 1_001)]
ROW = "".join(f'<task id="{name}"/>' for name in IN_A_ROW)
CHAIN = " -> ".join(IN_A_ROW)

TASKS = [
    Promise(
        "abstract `task`", "There is nothing to do, so it is passed through.",
        '<startEvent id="s"/><task id="a"/><endEvent id="e"/>\ns -> a -> e', visits="s a e",
    ),
    Promise(
        "service task with a topic", "A job by `camunda:topic`: whoever does that topic completes it.",
        '<startEvent id="s"/><serviceTask id="a" camunda:type="external" camunda:topic="weigh"/><endEvent id="e"/>\ns -> a -> e',
        steps=(complete("a", weight=5),), visits="s a e", values={"weight": 5},
    ),
    Promise(
        "service task without a topic", "Refused: nobody would do it.",
        '<startEvent id="s"/><serviceTask id="a"/><endEvent id="e"/>\ns -> a -> e', refused="nothing says who carries it out",
    ),
    Promise(
        "several flows out of a task, several into one", "All ways are taken, those with a condition if it holds; what several lead to is done once for each.",
        '<startEvent id="s"/><task id="a"/><userTask id="b"/><userTask id="c"/>\ns -> a -> b\na -> c if n > 5\na -> b', start={"n": 3},
        visits="s a b b", waiting="b b",
    ),
    Promise(
        "no start event", "The process begins with everything that no flow leads to.",
        '<userTask id="a"/><userTask id="b"/>\na -> b', visits="a", waiting="a",
    ),
    Promise(
        "receive task that starts a process", "With `instantiate=\"true\"` and no flow into it, its message begins a case, with what the message carries.",
        '<receiveTask id="r" messageRef="m" instantiate="true"/><userTask id="a"/>\nr -> a', MESSAGE,
        begun_by="r", start={"amount": 3}, visits="r a", waiting="a", values={"amount": 3},
    ),
    Promise(
        "1,000 tasks in a row", "Any number, as long as a file has at most 5,000 nodes.",
        f'<startEvent id="s"/>{ROW}<userTask id="a"/>\ns -> {CHAIN} -> a',
        drawn='<startEvent id="s"/><task id="t1"/><!-- and so on --><task id="t1000"/><userTask id="a"/>\ns -> t1\nt1000 -> a',
        visits=" ".join(["s", *IN_A_ROW, "a"]), waiting="a",
    ),
    Promise(
        "process that calls itself", "Each call is a case of its own. Calls go 50 deep; the next one stays an incident at the call, and what has called it waits.",
        '<startEvent id="s"/><callActivity id="a" calledElement="p"/><endEvent id="e"/>\ns -> a -> e',
        visits="s a", failure="a limit", deepest=50,
    ),
    Promise(
        "script that fails", "The token rests before the task, and an incident names the element and the line.",
        '<startEvent id="s"/><scriptTask id="a"><script>n = 1\nm = n + missing</script></scriptTask><endEvent id="e"/>\ns -> a -> e',
        visits="s", failure="a script",
    ),
    Promise(
        "odd names in what people fill in", "`typename`, `__builtins__` and names of functions are stored and come back as they are.",
        '<startEvent id="s"/><userTask id="a"/><userTask id="b"/>\ns -> a -> b',
        steps=(complete("a", typename="x", __builtins__=1, len=2),), visits="s a b", waiting="b",
        values={"typename": "x", "__builtins__": 1, "len": 2},
    ),
]  # fmt: skip
