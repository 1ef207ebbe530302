"""Rows about events."""

from tests.conformance.promise import ERROR, ESCALATION, MESSAGE, SIGNAL, Promise, complete, deliver, fire

PAID_AND_PACKED = f'{MESSAGE}<message id="n" name="packed"/>'
INSTANTIATING = """<eventBasedGateway id="g1" instantiate="true" eventGatewayType="{}"/><userTask id="a"/><userTask id="b"/>
<intermediateCatchEvent id="c1"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
<intermediateCatchEvent id="c2"><messageEventDefinition messageRef="n"/></intermediateCatchEvent>
g1 -> c1 -> a
g1 -> c2 -> b"""

EVENTS = [
    Promise(
        "timers as editors write them", "`PT1H`, `P3D`, dates with or without a zone (then the site's); read when they are deployed.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e', steps=(fire("t"),), visits="s t e",
    ),
    Promise(
        "negative durations", "Refused when they are deployed.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>-PT1H</timeDuration></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e', refused="cannot be",
    ),
    Promise(
        "cycles by cron", "`0 9 * * MON` and Quartz's seven fields, where a timer fires again and again.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>0 9 * * MON</timeCycle></timerEventDefinition></boundaryEvent><userTask id="b"/>\ns -> a\nt -> b',
        steps=(fire("t"), fire("t")), visits="s a t b t b", waiting="a t b b",
    ),
    Promise(
        "cycles by Quartz", "Six or seven fields, seconds first: `0 0 9 ? * MON`.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>0 0 9 ? * MON</timeCycle></timerEventDefinition></boundaryEvent><task id="b"/>\ns -> a\nt -> b',
        begins_at="2026-03-02T09:00", steps=(fire("t"), fire("t")), visits="s a t b t b", waiting="a t",
        due=("2026-03-09 09:00+0800", "2026-03-16 09:00+0800"),
    ),
    Promise(
        "date without a zone", "Meant by the clocks of the site.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDate>2026-03-09T09:00</timeDate></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e',
        begins_at="2026-03-02T09:00", steps=(fire("t"),), due=("2026-03-09 09:00+0800",), visits="s t e",
    ),
    Promise(
        "date in an hour that the clocks jump over", "Comes so much later as they jump.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDate>2026-03-29T02:30</timeDate></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e',
        zone="Europe/Berlin", begins_at="2026-03-28T12:00", steps=(fire("t"),), due=("2026-03-29 03:30+0200",), visits="s t e",
    ),
    Promise(
        "date in an hour that the clocks show twice", "The first of the two.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDate>2026-10-25T02:30</timeDate></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e',
        zone="Europe/Berlin", begins_at="2026-10-24T12:00", steps=(fire("t"),), due=("2026-10-25 02:30+0200",), visits="s t e",
    ),
    Promise(
        "every day, over an hour that the clocks jump over", "Later on that day alone, then at its time again.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>R/2026-03-28T02:30/P1D</timeCycle></timerEventDefinition></boundaryEvent><task id="b"/>\ns -> a\nt -> b',
        zone="Europe/Berlin", begins_at="2026-03-27T12:00", steps=(fire("t"), fire("t"), fire("t")), visits="s a t b t b t b", waiting="a t",
        due=("2026-03-28 02:30+0100", "2026-03-29 03:30+0200", "2026-03-30 02:30+0200"),
    ),
    Promise(
        "every day, over an hour that the clocks show twice", "Once on that day, too.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>R/2026-10-24T02:30/P1D</timeCycle></timerEventDefinition></boundaryEvent><task id="b"/>\ns -> a\nt -> b',
        zone="Europe/Berlin", begins_at="2026-10-23T12:00", steps=(fire("t"), fire("t"), fire("t")), visits="s a t b t b t b", waiting="a t",
        due=("2026-10-24 02:30+0200", "2026-10-25 02:30+0200", "2026-10-26 02:30+0100"),
    ),
    Promise(
        "cron, over an hour that the clocks jump over", "When they have jumped.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>30 2 * * *</timeCycle></timerEventDefinition></boundaryEvent><task id="b"/>\ns -> a\nt -> b',
        zone="Europe/Berlin", begins_at="2026-03-28T12:00", steps=(fire("t"), fire("t")), visits="s a t b t b", waiting="a t",
        due=("2026-03-29 03:00+0200", "2026-03-30 02:30+0200"),
    ),
    Promise(
        "cron, over an hour that the clocks show twice", "Once.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>30 2 * * *</timeCycle></timerEventDefinition></boundaryEvent><task id="b"/>\ns -> a\nt -> b',
        zone="Europe/Berlin", begins_at="2026-10-24T12:00", steps=(fire("t"), fire("t")), visits="s a t b t b", waiting="a t",
        due=("2026-10-25 02:30+0200", "2026-10-26 02:30+0100"),
    ),
    Promise(
        "every hour, while the clocks change", "Every hour that passes: both of the two, none for the one that is not there.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>R/2026-10-25T01:30/PT1H</timeCycle></timerEventDefinition></boundaryEvent><task id="b"/>\ns -> a\nt -> b',
        zone="Europe/Berlin", begins_at="2026-10-24T12:00", steps=(fire("t"), fire("t"), fire("t")), visits="s a t b t b t b", waiting="a t",
        due=("2026-10-25 01:30+0200", "2026-10-25 02:30+0200", "2026-10-25 02:30+0100"),
    ),
    Promise(
        "boundary event that does not interrupt", "Happens every time, beside its activity.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="m1" attachedToRef="a" cancelActivity="false"><messageEventDefinition '
        'messageRef="m"/></boundaryEvent><userTask id="b"/>\ns -> a\nm1 -> b', MESSAGE,
        steps=(deliver("m1"), deliver("m1")), visits="s a m1 b m1 b", waiting="a m1 b b",
    ),
    Promise(
        "boundary signal that does not interrupt", "Likewise, every time.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="g1" attachedToRef="a" cancelActivity="false"><signalEventDefinition '
        'signalRef="g"/></boundaryEvent><userTask id="b"/>\ns -> a\ng1 -> b', SIGNAL,
        steps=(deliver("g1"), deliver("g1")), visits="s a g1 b g1 b", waiting="a g1 b b",
    ),
    Promise(
        "event-based gateway that starts a process", "With `instantiate=\"true\"` and no flow into it, the first of its messages or signals begins a case; the others are not waited for.",
        INSTANTIATING.format("Exclusive"), PAID_AND_PACKED, begun_by="c2", visits="g1 c2 b", waiting="b",
    ),
    Promise(
        "parallel event-based gateway that starts a process", "The first message begins a case, and this case waits for the others too.",
        INSTANTIATING.format("Parallel"), PAID_AND_PACKED, begun_by="c1", steps=(deliver("c2"),), visits="g1 c1 c2 a b", waiting="a b",
    ),
    Promise(
        "signal end event", "Sends the signal to all who wait for it at the site.",
        '<startEvent id="s"/><endEvent id="e"><signalEventDefinition signalRef="g"/></endEvent>\ns -> e', SIGNAL, visits="s e", thrown="rain",
    ),
    Promise(
        "error that nobody catches", "Stays an incident; what follows the normal way is not done.",
        '<startEvent id="s"/><subProcess id="sub"><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent></subProcess>'
        '<userTask id="a"/>\ns -> sub -> a', ERROR, visits="s sub", failure="bad error",
    ),
    Promise(
        "error with a code that no event names", "As if nobody were there: an incident.",
        '<startEvent id="s"/><subProcess id="sub"><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent></subProcess>'
        '<boundaryEvent id="b" attachedToRef="sub"><errorEventDefinition errorRef="y"/></boundaryEvent><userTask id="a"/><userTask id="c"/>\n'
        's -> sub -> a\nb -> c', f'{ERROR}<error id="y" errorCode="too_late"/>', visits="s sub", failure="bad error",
    ),
    Promise(
        "failed script under an event for any error", "Not caught, as it is no error of the process: an incident.",
        '<startEvent id="s"/><scriptTask id="a"><script>n = missing</script></scriptTask><boundaryEvent id="b" attachedToRef="a">'
        '<errorEventDefinition/></boundaryEvent><userTask id="c"/>\ns -> a\nb -> c', visits="s", failure="a script",
    ),
    Promise(
        "failed script under an error event", "Caught where the code of the event names the kind of failure: `script`, `expression`, `decision`, `limit`.",
        '<startEvent id="s"/><scriptTask id="a"><script>n = missing</script></scriptTask><boundaryEvent id="b" attachedToRef="a">'
        '<errorEventDefinition errorRef="k"/></boundaryEvent><userTask id="c"/>\ns -> a\nb -> c', '<error id="k" errorCode="script"/>',
        visits="s a b c", waiting="c",
    ),
    Promise(
        "escalation that interrupts", "What would come next inside is not done any more.",
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/><intermediateThrowEvent id="up"><escalationEventDefinition '
        'escalationRef="e"/></intermediateThrowEvent><task id="never"/>\ni -> up -> never\n</subProcess><boundaryEvent id="b" '
        'attachedToRef="sub"><escalationEventDefinition escalationRef="e"/></boundaryEvent><userTask id="a"/>\ns -> sub\nb -> a',
        ESCALATION, visits="s sub i up b a", waiting="a",
    ),
    Promise(
        "automatic steps after an interruption", "Are not done: what is outside goes first, one step at a time.",
        '<startEvent id="s"/><parallelGateway id="f"/><subProcess id="sub"><task id="i"/><task id="never"/>\ni -> never\n</subProcess><task id="o"/>'
        '<endEvent id="e"><terminateEventDefinition/></endEvent>\ns -> f -> sub\nf -> o -> e', visits="s f sub o e",
    ),
    Promise(
        "link events", "Jump to the catching link of the same name.",
        '<startEvent id="s"/><intermediateThrowEvent id="out"><linkEventDefinition name="on"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="in"><linkEventDefinition name="on"/></intermediateCatchEvent><userTask id="a"/>\ns -> out\nin -> a',
        visits="s out in a", waiting="a",
    ),
    Promise(
        "compensation", "What was completed is taken back, the youngest first.",
        """<startEvent id="s"/><task id="a"/><task id="b"/><endEvent id="back"><compensateEventDefinition/></endEvent>
<boundaryEvent id="ca" attachedToRef="a"><compensateEventDefinition/></boundaryEvent><task id="undo_a" isForCompensation="true"/>
<boundaryEvent id="cb" attachedToRef="b"><compensateEventDefinition/></boundaryEvent><task id="undo_b" isForCompensation="true"/>
<association id="x1" sourceRef="ca" targetRef="undo_a"/><association id="x2" sourceRef="cb" targetRef="undo_b"/>
s -> a -> b -> back""", visits="s a b back cb undo_b ca undo_a",
    ),
    Promise(
        "compensation of one activity", "Thrown on the way, it takes back the activity that it names, then goes on.",
        """<startEvent id="s"/><task id="a"/><intermediateThrowEvent id="back"><compensateEventDefinition activityRef="a"/></intermediateThrowEvent>
<userTask id="b"/><boundaryEvent id="ca" attachedToRef="a"><compensateEventDefinition/></boundaryEvent><task id="undo_a" isForCompensation="true"/>
<association id="x1" sourceRef="ca" targetRef="undo_a"/>
s -> a -> back -> b""", visits="s a back ca undo_a b", waiting="b",
    ),
    Promise(
        "event subprocess", "Begins when its event happens: instead of what goes on around it, or beside it.",
        '<startEvent id="s"/><userTask id="a"/><subProcess id="ev" triggeredByEvent="true"><startEvent id="m1"><messageEventDefinition '
        'messageRef="m"/></startEvent><userTask id="b"/>\nm1 -> b\n</subProcess>\ns -> a', MESSAGE,
        steps=(deliver("m1"),), visits="s a ev m1 b", waiting="b",
    ),
    Promise(
        "event subprocess for an error", "Begins when the error comes, not before.",
        """<startEvent id="s"/><userTask id="a"/><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent><subProcess id="ev" triggeredByEvent="true">
<startEvent id="x1"><errorEventDefinition errorRef="x"/></startEvent><userTask id="b"/>
x1 -> b
</subProcess>
s -> a -> bad""", ERROR, steps=(complete("a"),), visits="s a bad ev x1 b", waiting="b",
    ),
    Promise(
        "event subprocess for a timer", "Does not keep its process open when all else is done.",
        """<startEvent id="s"/><userTask id="a"/><subProcess id="ev" triggeredByEvent="true"><startEvent id="t"><timerEventDefinition>
<timeDuration>P1D</timeDuration></timerEventDefinition></startEvent><userTask id="b"/>
t -> b
</subProcess>
s -> a""", steps=(complete("a"),), visits="s a",
    ),
    Promise(
        "event subprocess for a condition, within a subprocess", "Begins when the condition becomes true, and interrupts its own subprocess alone.",
        """<startEvent id="s"/><subProcess id="sub"><userTask id="a"/><subProcess id="ev" triggeredByEvent="true"><startEvent id="c">
<conditionalEventDefinition><condition>level &gt; 3</condition></conditionalEventDefinition></startEvent><userTask id="b"/>
c -> b
</subProcess></subProcess><userTask id="beside"/><endEvent id="e"/><parallelGateway id="f"/>
s -> f -> sub -> e
f -> beside""", start={"level": 0}, steps=(complete("beside", level=5),), visits="s f sub beside a ev c b", waiting="b",
    ),
]  # fmt: skip
