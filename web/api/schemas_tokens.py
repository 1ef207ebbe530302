"""Shapes of what an operator sees and says to move the tokens of a case by hand."""

from apiflask import Schema
from apiflask.fields import Integer, List, Nested, String

from web.api.schemas import Text, Variables, nullable


class Place(Schema):
    token = String(required=True)
    activity = String(required=True, attribute="activity_id")
    name = String(required=True)
    refusal = nullable(String, required=True, metadata={"description": "why it cannot be ended by itself"})


class NamedActivity(Schema):
    activity = String(required=True)
    name = String(required=True)


class Tokens(Schema):
    moves = Integer(required=True, metadata={"description": "how often the case has moved"})
    tokens = List(Nested(Place), required=True, metadata={"description": "where it stands, subprocesses before what goes on in them"})
    activities = List(Nested(NamedActivity), required=True, metadata={"description": "before which a token can begin"})


class Modification(Schema):
    reason = Text(500, 1, required=True)
    cancel = List(
        Text(255, 1), load_default=list, metadata={"description": "ids of activities whose tokens end, or numbers of single tokens"}
    )
    start_before = List(Text(255, 1), load_default=list, metadata={"description": "ids of activities before each of which a token begins"})
    variables = Variables(load_default=dict, metadata={"description": "of the instance, written before anything begins"})
    moves = nullable(Integer, load_default=None, metadata={"description": "as the tokens were read with: 409 if the case has moved since"})
