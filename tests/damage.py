"""Cases that cannot be moved any more: what they stand on is damaged in the database, by hand, and can be put back."""

from collections.abc import Callable, Sequence

from sqlalchemy import Executable, delete, insert, select, update

from engine.tables import Definition, DefinitionResource, Instance, InstanceState
from tests.factories import Company

Repair = Callable[[], None]
Damage = Callable[[Company, int], Repair]


def spoilt_state(company: Company, instance_id: int) -> Repair:
    """The stored state is no state."""
    return _with_state(company, instance_id, lambda state: state[:-1] + bytes([state[-1] ^ 1]))


def state_of_another(company: Company, instance_id: int) -> Repair:
    """The stored state is a sound one, but of another case of the same process."""
    with company.database.read() as session:
        definition = session.get_one(Instance, instance_id).definition_id
        others = select(InstanceState.state).join(Instance, Instance.id == InstanceState.instance_id)
        other = session.scalars(others.where(Instance.definition_id == definition, Instance.id != instance_id).limit(1)).one()
    return _with_state(company, instance_id, lambda _state: other)


def lost_state(company: Company, instance_id: int) -> Repair:
    """There is no stored state."""
    with company.database.transaction() as session:
        kept = session.scalars(select(InstanceState.state).where(InstanceState.instance_id == instance_id)).one()
        session.execute(delete(InstanceState).where(InstanceState.instance_id == instance_id))
    forget(company)

    def repair() -> None:
        with company.database.transaction() as session:
            session.execute(insert(InstanceState).values(instance_id=instance_id, state=kept))

    return repair


def _with_state(company: Company, instance_id: int, damage: Callable[[bytes], bytes]) -> Repair:
    with company.database.transaction() as session:
        row = session.get_one(InstanceState, instance_id)
        kept, row.state = row.state, damage(row.state)
    forget(company)

    def repair() -> None:
        with company.database.transaction() as session:
            session.get_one(InstanceState, instance_id).state = kept
        forget(company)

    return repair


def lost_definition(company: Company, instance_id: int) -> Repair:
    """The files of the definition are gone; on SQLite, where a stray shell keeps no foreign keys, its row as well."""
    with company.database.read() as session:
        definition = session.get_one(Instance, instance_id).definition_id
        lost = [(DefinitionResource, DefinitionResource.definition_id == definition)]
        lost += [(Definition, Definition.id == definition)] if company.database.is_sqlite else []
        rows = [(table, dict(row._mapping)) for table, those in lost for row in session.execute(select(table.__table__).where(those))]
    _against_the_rules(company, [delete(table).where(those) for table, those in lost])
    return lambda: _against_the_rules(company, [insert(table).values(row) for table, row in rows])


def broken_definition(company: Company, instance_id: int) -> Repair:
    """The definition is there, but this release cannot compile it."""
    with company.database.transaction() as session:
        definition = session.get_one(Instance, instance_id).definition_id
        normalised = (DefinitionResource.definition_id == definition) & (DefinitionResource.kind == "normalised")
        kept = session.scalars(select(DefinitionResource.content).where(normalised)).one()
        session.execute(update(DefinitionResource).where(normalised).values(content=kept.replace(b"userTask", b"somethingNew")))
    forget(company)

    def repair() -> None:
        with company.database.transaction() as session:
            session.execute(update(DefinitionResource).where(normalised).values(content=kept))
        forget(company)

    return repair


def _against_the_rules(company: Company, statements: Sequence[Executable]) -> None:
    with company.database.engine.connect() as connection:
        if company.database.is_sqlite:  # before its transaction begins
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.invalidate()
    forget(company)


def forget(company: Company) -> None:
    """As a process that was started just now."""
    company.database.keep.clear()


DAMAGES: dict[str, tuple[Damage, str]] = {
    "spoilt state": (spoilt_state, "state"),
    "state of another": (state_of_another, "state"),
    "lost state": (lost_state, "state"),
    "lost definition": (lost_definition, "definition"),
    "broken definition": (broken_definition, "definition"),
}
