"""Pages for people: one blueprint per noun. A handler parses, calls the engine in one transaction, and renders."""

from apiflask import APIFlask

from web.cast import clock_name
from web.pages import (
    audit,
    board,
    bulk,
    channels,
    estates,
    fields,
    files,
    houses,
    inbox,
    ledgers,
    links,
    lists,
    news,
    orders,
    people,
    printing,
    processes,
    residents,
    session,
    stand_ins,
    start,
    tasks,
)
from web.pages.operations.ordering import name_of


def install(app: APIFlask) -> None:
    for module in (
        session,
        channels,
        board,
        ledgers,
        audit,
        inbox,
        lists,
        news,
        start,
        tasks,
        orders,
        people,
        estates,
        processes,
        files,
        houses,
        links,
        printing,
        residents,
        stand_ins,
        bulk,
    ):
        app.register_blueprint(module.pages)
    drawing = {"widget": fields.widget, "label_of": fields.label_of, "input_types": fields.INPUT_TYPES}
    app.jinja_env.globals.update(drawing, priority_name=name_of, clock_name=clock_name)
    app.jinja_env.filters["process_name"] = lambda key, names: names.get(key, key)
