"""Rows about decisions."""

from tests.conformance.promise import Promise

DMN = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://example.org">\n{}\n</definitions>'
)
TABLE = """<decision id="fee" name="fee"><decisionTable hitPolicy="{}">
<input id="i"><inputExpression><text>x</text></inputExpression></input><output id="o" name="fee"><outputValues id="v"><text>20,10,30</text></outputValues></output>
<rule id="r1"><inputEntry id="c1"><text>[6..9]</text></inputEntry><outputEntry id="o1"><text>10</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c2"><text>7,8</text></inputEntry><outputEntry id="o2"><text>20</text></outputEntry></rule>
<rule id="r3"><inputEntry id="c3"><text>not(&gt; 5)</text></inputEntry><outputEntry id="o3"><text>30</text></outputEntry></rule>
</decisionTable></decision>"""
ASK_FEE = """<startEvent id="s"/><businessRuleTask id="a" camunda:decisionRef="fee" camunda:resultVariable="found"/><endEvent id="e"/>
s -> a -> e"""

DECISIONS = [
    Promise(
        "decision table with `COLLECT` and `SUM`", "Every hit policy and aggregation gives what DMN says; cells are FEEL: ranges, lists, `not`.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": 30}, decisions=DMN.format(TABLE.format('COLLECT" aggregation="SUM')),
    ),
    Promise(
        "decision table with `RULE ORDER`", "A list, in the order of the rules.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": [10, 20]}, decisions=DMN.format(TABLE.format("RULE ORDER")),
    ),
    Promise(
        "decision table with `OUTPUT ORDER`", "A list, in the order in which the output values are listed.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": [20, 10]}, decisions=DMN.format(TABLE.format("OUTPUT ORDER")),
    ),
    Promise(
        "decision table with `PRIORITY`", "The one whose output stands first among the output values.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": 20}, decisions=DMN.format(TABLE.format("PRIORITY")),
    ),
    Promise(
        "decision table with `COLLECT` and `MIN`", "Of the outputs of all rules that hold.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": 10}, decisions=DMN.format(TABLE.format('COLLECT" aggregation="MIN')),
    ),
    Promise(
        "decision table with `COLLECT` and `MAX`", "Of the outputs of all rules that hold.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": 20}, decisions=DMN.format(TABLE.format('COLLECT" aggregation="MAX')),
    ),
    Promise(
        "decision table with `COLLECT` and `COUNT`", "Of the outputs of all rules that hold.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": 2}, decisions=DMN.format(TABLE.format('COLLECT" aggregation="COUNT')),
    ),
    Promise(
        "rules that differ under `ANY`", "An incident, as rules that hold together must say the same.",
        ASK_FEE, start={"x": 7}, visits="s", failure="a decision", decisions=DMN.format(TABLE.format("ANY")),
    ),
    Promise(
        "two rules under `UNIQUE`", "An incident that names the decision and the rules.",
        ASK_FEE, start={"x": 7}, visits="s", failure="a decision", decisions=DMN.format(TABLE.format("UNIQUE")),
    ),
    Promise(
        "required decision, business knowledge model", "Made first and read by its name; a model is a function.",
        ASK_FEE, start={"hours": 2}, visits="s a e", values={"found": 61}, decisions=DMN.format(
            '<businessKnowledgeModel id="pay" name="pay"><encapsulatedLogic><formalParameter name="h"/><literalExpression><text>h * 30</text>'
            '</literalExpression></encapsulatedLogic></businessKnowledgeModel>\n<decision id="base" name="base"><literalExpression><text>1</text>'
            '</literalExpression></decision>\n<decision id="fee" name="fee"><informationRequirement><requiredDecision href="#base"/>'
            '</informationRequirement><knowledgeRequirement><requiredKnowledge href="#pay"/></knowledgeRequirement><literalExpression>'
            '<text>base + pay(hours)</text></literalExpression></decision>'),
    ),
]  # fmt: skip
