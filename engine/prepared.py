"""Statements of the hot path: written in SQLAlchemy's language, compiled once for each kind of database, executed by the driver itself.

Executing one this way takes a tenth of what the library's own way takes, and the values still pass through the columns' types.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.expression import Executable

from engine.tables import Base

Row = tuple[Any, ...]
Values = Mapping[str, Any]
_Processor = Callable[[Any], Any] | None


class Prepared:
    """A statement whose text never changes: no list of unknown length within; every row of an insert names the same columns.

    What the session holds is neither flushed before it nor told of it. Errors are those that SQLAlchemy raises.
    """

    def __init__(self, statement: Any) -> None:
        self._statement: Executable = statement.inline() if isinstance(statement, Insert) and not statement._returning else statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, session: Session, values: Values) -> list[Row]:
        """What it selects. On SQLite this needs no turn: what was decided on it is confirmed before anything is written."""
        compiled = self._for(session, values)
        cursor = compiled.execute(session.info["connection"].reading(), compiled.bound(values))
        return compiled.results(cursor, cursor.fetchall())

    def run(self, session: Session, values: Values) -> int:
        """Execute it once; returns how many rows it met."""
        compiled = self._for(session, values)
        met: int = compiled.execute(session.info["connection"].writing(), compiled.bound(values)).rowcount
        return met

    def run_returning(self, session: Session, values: Values) -> Row:
        """Execute it once; returns the one row that it returns."""
        compiled = self._for(session, values)
        cursor = compiled.execute(session.info["connection"].writing(), compiled.bound(values))
        [row] = compiled.results(cursor, cursor.fetchall())
        return row

    def run_all(self, session: Session, many: Sequence[Values]) -> None:
        """Execute it for each of the values, in one call of the driver."""
        if many:
            compiled = self._for(session, many[0])
            compiled.execute_many(session.info["connection"].writing(), [compiled.bound(values) for values in many])

    def _for(self, session: Session, values: Values) -> "_Compiled":
        dialect: Dialect = session.info["database"].engine.dialect
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _Compiled(self._statement, dialect, values)
        return known


def detached(kind: type[Base], names: Iterable[str], row: Row) -> Any:
    """An object of a table as it was read, that no session looks after: who changes it writes the change by a statement."""
    made = manager_of_class(kind).new_instance()
    made.__dict__.update(zip(names, row, strict=True))
    return made


class _Compiled:
    """A statement in the words of one kind of database, with the ways its values go in and its results come out."""

    def __init__(self, statement: Any, dialect: Dialect, values: Values) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(values) if statement.is_dml else None)
        if statement.is_dml and (compiled.insert_prefetch or compiled.update_prefetch):
            raise TypeError(f"Expected a value for every column with a default of its own, but {statement} leaves some out")
        self._dialect = dialect
        self._text = str(compiled)
        self._names = list(compiled.positiontup) if compiled.positional else list(compiled.bind_names.values())
        self._is_positional = compiled.positional
        self._ways_in = [(name, _way_in(compiled.binds[name], dialect)) for name in self._names]
        self._own = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._types = [column.type for column in statement.exported_columns] if statement.is_select or statement._returning else []
        self._ways_out: list[_Processor] = []

    def bound(self, values: Values) -> Any:
        """The values as the driver takes them."""
        if self._own:
            values = {**self._own, **values}
        if self._is_positional:
            return [way(values[name]) if way is not None else values[name] for name, way in self._ways_in]
        return {name: way(values[name]) if way is not None else values[name] for name, way in self._ways_in}

    def results(self, cursor: Any, rows: list[Row]) -> list[Row]:
        """The rows, as the columns' types read them."""
        if not rows:
            return rows
        if not self._ways_out:  # how depends on what the driver says that it returns
            codes = [column[1] for column in cursor.description]
            dialect = self._dialect
            self._ways_out = [
                each.dialect_impl(dialect).result_processor(dialect, code) for each, code in zip(self._types, codes, strict=True)
            ]
        ways = self._ways_out
        return [tuple(way(value) if way is not None else value for way, value in zip(ways, row, strict=True)) for row in rows]

    def execute(self, driver: Any, bound: Any) -> Any:
        try:
            return driver.execute(self._text, bound)
        except self._dialect.loaded_dbapi.Error as error:
            raise self._told(error, bound) from error

    def execute_many(self, driver: Any, bound: list[Any]) -> None:
        if len(bound) == 1:  # psycopg's executemany asks the server four times, whatever the number
            self.execute(driver, bound[0])
            return
        try:
            driver.cursor().executemany(self._text, bound)
        except self._dialect.loaded_dbapi.Error as error:
            raise self._told(error, bound) from error

    def _told(self, error: BaseException, bound: Any) -> BaseException:
        return DBAPIError.instance(self._text, bound, error, self._dialect.loaded_dbapi.Error, dialect=self._dialect)


def _way_in(bind: Any, dialect: Dialect) -> _Processor:
    way: _Processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return way
