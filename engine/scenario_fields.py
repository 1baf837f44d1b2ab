"""Validation of single values: the models in `engine.specs` applied to a raw document.

Keeps the list of faults in the order of the document, and words what pydantic found. What must fit
together is checked in `engine.scenario_checks`.
"""

from typing import Any, Final

from msgspec import Struct, field
from pydantic import BaseModel, ValidationError

from engine import scenario_paths as paths
from engine import units
from engine.scenario_paths import Document, Key, Location, PathError
from engine.specs import ScenarioSpec

_PLAIN: Final[dict[str, str]] = {
    "string_type": "must be text in quotes",
    "bool_type": "use true or false",
    "bool_parsing": "use true or false",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "missing": "is missing",
    "finite_number": "must be a number",
}
"""Clauses for pydantic's types of error."""

_BOUNDS: Final[dict[str, str]] = {
    "gt": "must be more than {}",
    "ge": "must be {} or more",
    "lt": "must be less than {}",
    "le": "must be {} or less",
}
"""Clauses for the bounds in pydantic's context of an error."""


class _Misfit:
    """Stands for a value of the wrong plain type, so that no model takes it."""


class Faults(Struct):
    """The faults found so far, with the place of each."""

    document: Document
    found: list[tuple[Location, str]] = field(default_factory=list)

    def add(self, location: Location, expected: str, *, missing: bool = False) -> None:
        """Note a fault: its place, and in a clause what was expected there."""
        path = paths.path_of(self.document, location)
        text = "" if missing else f" = {paths.shown(paths.raw_value(self.document, location))}"
        self.found.append((location, f"{path}{text}: {expected}"))

    def touched(self, location: Location) -> bool:
        """Return whether a fault lies at a place, above it or below it."""
        return any(
            place[: len(location)] == location or location[: len(place)] == place
            for place, _ in self.found
        )

    def sentences(self) -> list[str]:
        """Return the sentences in the order of the document, each once."""
        ordered = sorted(self.found, key=lambda fault: _position(self.document, fault[0]))
        return list(dict.fromkeys(sentence for _, sentence in ordered))


def _position(document: Document, location: Location) -> tuple[int, ...]:
    """Return where a place stands in a document, for sorting."""
    node: Any = document
    result = []
    for step in location:
        if isinstance(step, int):
            result.append(step)
            node = node[step] if isinstance(node, list) and step < len(node) else None
        elif isinstance(node, dict):
            result.append(list(node).index(step) if step in node else len(node))
            node = node.get(step)
    return tuple(result)


def check_fields(document: Document, faults: Faults) -> ScenarioSpec | None:
    """Return the scenario of a document, or None after noting the faults of its values."""
    try:
        return ScenarioSpec.model_validate(_prepared(document, ScenarioSpec))
    except ValidationError as error:
        for entry in sorted(error.errors(), key=lambda e: e["type"] == "missing"):
            _add_field_fault(document, dict(entry), faults)
    return None


def _add_field_fault(document: Document, entry: dict[str, Any], faults: Faults) -> None:
    location, key, model = _place_of(entry["loc"])
    missing = entry["type"] == "missing"
    if missing and _has_near_miss(document, location, faults):
        return
    if missing and location == ("format",):
        return
    if key is None or entry["type"] == "extra_forbidden":
        known = list(paths.keys_of(model))
        expected = f"unknown key{paths.suggestion(str(location[-1]), known)}"
    else:
        expected = expectation(entry, key)
    if not any(place == location for place, _ in faults.found):
        faults.add(location, expected, missing=missing)


def _has_near_miss(document: Document, location: Location, faults: Faults) -> bool:
    """Return whether the missing key is there under a misspelt name, reported already."""
    table = paths.raw_value(document, location[:-1])
    asked = f'did you mean "{location[-1]}"?'
    return isinstance(table, dict) and any(
        place[:-1] == location[:-1] and asked in sentence for place, sentence in faults.found
    )


def _place_of(loc: tuple[str | int, ...]) -> tuple[Location, Key | None, type[BaseModel]]:
    """Return the place in the document of pydantic's `loc`, without its additions at the end."""
    model: type[BaseModel] = ScenarioSpec
    key: Key | None = None
    place: list[str | int] = []
    for step in loc:
        place.append(step)
        if isinstance(step, int):
            continue
        if key is not None and key.is_open:
            break
        key = paths.keys_of(model).get(step)
        if key is None or (key.model is None and not key.is_open):
            break
        model = key.model or model
    return tuple(place), key, model


def expectation(entry: dict[str, Any], key: Key) -> str:
    """Return in a clause what pydantic expected where it found an error."""
    kind, context = entry["type"], entry.get("ctx", {})
    result = _PLAIN.get(kind, str(entry.get("msg", "is wrong")))
    for name, words in _BOUNDS.items():
        if name in context:
            result = words.format(_bound(context[name], key))
    if kind == "value_error":
        result = str(context["error"])
    elif kind == "literal_error":
        result = "use " + any_of(key.choices)
    elif kind == "too_short":
        result = f"at least one [[{key.name}]] is needed"
    elif kind.startswith(("int_", "float_")):
        result = "must be a whole number" if kind.startswith("int_") else "must be a number"
    return result


def any_of(words: tuple[str, ...]) -> str:
    """Return words as a choice: `"a", "b" or "c"`."""
    quoted = [word if word.isdigit() else f'"{word}"' for word in words]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _bound(value: Any, key: Key) -> str:
    if key.parse is units.parse_share and value:
        return units.format_share(value)
    return f"{value} %" if key.parse is units.parse_speed and value else str(value)


def _prepared(table: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return a table for the models: bare numbers where a unit belongs become text, and so fail."""
    keys = paths.keys_of(model)
    return {name: _prepared_value(value, keys.get(name)) for name, value in table.items()}


def _prepared_value(value: Any, key: Key | None) -> Any:
    if key is None:
        return value
    if key.model is not None and key.is_list and isinstance(value, list):
        return [_prepared(v, key.model) if isinstance(v, dict) else _Misfit() for v in value]
    if key.model is not None:
        return _prepared(value, key.model) if isinstance(value, dict) else _Misfit()
    if key.is_open and isinstance(value, dict):
        return {k: _Misfit() if isinstance(v, dict | list) else v for k, v in value.items()}
    return value if _has_plain_type(value, key) else _Misfit()


def _has_plain_type(value: Any, key: Key) -> bool:
    """Return whether a value is of the right type of TOML, which pydantic would not insist on."""
    if key.parse is not None:
        return isinstance(value, str)
    boolean = isinstance(value, bool)
    if key.holds(bool):
        return boolean
    return not (key.is_numeric and (boolean or isinstance(value, str)))


def parse_value(value: Any, key: Key) -> Any:
    """Return one value of a document in base units.

    Raises:
        PathError: It is wrong; the message says in a clause what was expected.
    """
    if key.is_open:
        return value
    try:
        return key.adapter.validate_python(_prepared_value(value, key))
    except ValidationError as error:
        raise PathError(expectation(dict(error.errors()[0]), key)) from error
