"""A failing step leaves its token before the element, undoes only itself, and disturbs nothing else."""

from tests.conformance.drive import Drive, bpmn

BRANCHES = """
<startEvent id="s"/><parallelGateway id="f"/>
<scriptTask id="bad"><script>x = 1 / zero</script></scriptTask><scriptTask id="good"><script>y = 1</script></scriptTask>
<userTask id="a"/><userTask id="b"/><parallelGateway id="j"/><endEvent id="e"/>
s -> f -> bad -> a -> j -> e
f -> good -> b -> j
"""


def test_other_branches_go_on() -> None:
    run = Drive(bpmn(BRANCHES), {"zero": 0})
    assert run.waiting == ["b"]
    run.complete("b")
    assert not run.done
    assert [failure.activity_id for failure in run.failures] == ["bad"]
    run.set(zero=2)
    run.retry()
    run.complete("a")
    assert run.done
    assert run.values == {"zero": 2, "x": 0.5, "y": 1}


def test_a_failed_step_is_not_tried_again_by_other_triggers() -> None:
    run = Drive(bpmn(BRANCHES), {"zero": 0})
    run.set(zero=1)
    run.complete("b")
    assert len(run.failures) == 1
    assert "a" not in run.waiting


def test_a_retry_that_fails_again_says_so_again() -> None:
    run = Drive(bpmn(BRANCHES), {"zero": 0})
    run.retry()
    assert len(run.failures) == 2
    assert run.failures[0].token == run.failures[1].token


def test_interrupting_the_scope_of_a_failure_ends_it() -> None:
    body = """
    <startEvent id="s"/><subProcess id="p1"><scriptTask id="bad"><script>x = 1 / 0</script></scriptTask></subProcess><userTask id="late"/>
    <boundaryEvent id="t" attachedToRef="p1"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    s -> p1
    t -> late
    """
    run = Drive(bpmn(body))
    assert run.waiting == ["t"]
    run.fire("t")
    assert run.waiting == ["late"]
    assert run.cancelled == ["bad", "p1"]


def test_an_endless_loop_of_automatic_steps_stops_with_a_failure() -> None:
    body = '<startEvent id="s"/><scriptTask id="a"><script>n = n + 1</script></scriptTask><task id="b"/>\ns -> a -> b -> a'
    run = Drive(bpmn(body), {"n": 0}, max_steps=100)
    assert [failure.kind for failure in run.failures] == ["limit"]
    assert 40 < run.values["n"] < 60
    run.retry()
    assert run.values["n"] > 80


def test_everything_that_can_still_move_stops_at_the_limit() -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="f"/><task id="a"/><task id="b"/><userTask id="u"/>\ns -> f -> a -> a\nf -> b -> b\nf -> u'
    )
    run = Drive(bpmn(body), max_steps=50)
    assert [failure.kind for failure in run.failures] == ["limit", "limit"]
    assert run.waiting == ["u"]
    run.complete("u")
    assert len(run.failures) == 2


def test_a_start_that_cannot_listen_rests_at_the_start() -> None:
    body = """<startEvent id="s"/><userTask id="a"/>
    s -> a
    <subProcess id="es" triggeredByEvent="true">
      <startEvent id="t"><timerEventDefinition><timeDuration>${limit}</timeDuration></timerEventDefinition></startEvent>
    </subProcess>"""
    run = Drive(bpmn(body))
    assert [failure.activity_id for failure in run.failures] == ["s"]
    run.set(limit="PT1H")
    run.retry()
    assert sorted(run.waiting) == ["a", "t"]
