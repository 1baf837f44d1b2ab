"""Paths into a scenario's document: `vms.cps.writers.0.rate` and what may stand there.

A path goes by name through hosts, storage, VMs and (by their VM) migrations, and by position
through all other lists; a position works everywhere. The keys that exist are read off the models
in `engine.specs`. Documents are never changed in place: an edit copies what lies on its way.
"""

import json
import tomllib
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, TypeAdapter
from pydantic.fields import FieldInfo

from engine import units
from engine.specs import ScenarioSpec

Location = tuple[str | int, ...]
Document = dict[str, Any]

ITEM_NAME_KEYS: Final[dict[str, str]] = {
    "hosts": "name",
    "storage": "name",
    "vms": "name",
    "migrations": "vm",
}
"""Lists whose items a path may name, and the key that holds the name."""

UNIT_HINTS: Final[dict[Callable[[Any], Any], tuple[str, str]]] = {
    units.parse_size: ("a size: B, KiB, MiB, GiB", "512 MiB"),
    units.parse_page_size: ("a size in whole pages of 4096 B: B, KiB, MiB, GiB", "512 MiB"),
    units.parse_bit_rate: (
        "a bit rate: bit/s, kbit/s, Mbit/s, Gbit/s, Kibit/s, Mibit/s, Gibit/s",
        "1 Gbit/s",
    ),
    units.parse_rate_limit: ('a bit rate, or "none"', "500 Mbit/s"),
    units.parse_page_rate: ("a page rate: pages/s", "1500 pages/s"),
    units.parse_duration: ("a duration: ns, us, ms, s, min", "30 ms"),
    units.parse_share: ("a share: %", "10 %"),
    units.parse_speed: ("a speed: %", "100 %"),
    units.parse_packets: ("a number of packets", "800 packets"),
    units.parse_until: ("a duration, or one after the last migration", "3 s after last migration"),
}
"""For each parser what it reads, and an example."""


class PathError(ValueError):
    """A path leads nowhere; the message says in a clause what was expected."""


class Key(Struct, frozen=True, dict=True):
    """A key of the scenario file.

    Attributes:
        name: As in the file.
        attribute: Name of the field in `engine.specs`.
        field: The model's field.
        parse: Reads a value with a unit; None where the value has none.
        model: What the table, or each table of the list, is made of; None for a plain value.
        is_list: Whether `model` is that of the items of a list.
        is_open: Whether it is a table whose keys are free (parameters, set).
    """

    name: str
    attribute: str
    field: FieldInfo
    parse: Callable[[Any], Any] | None
    model: type[BaseModel] | None
    is_list: bool
    is_open: bool

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Return what validates one value of this key alone."""
        annotation: Any = self.field.annotation
        for constraint in self.field.metadata:
            annotation = Annotated[annotation, constraint]
        return TypeAdapter(annotation)

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the allowed words, if only certain words are allowed."""
        return tuple(str(c) for c in get_args(self.field.annotation)) if self.is_literal else ()

    @property
    def is_literal(self) -> bool:
        """Return whether only certain words are allowed."""
        return get_origin(self.field.annotation) is Literal

    def holds(self, plain_type: type) -> bool:
        """Return whether its value is of a plain type, `str` or `int`, without a unit."""
        return plain_type in self._plain_types

    @cached_property
    def is_numeric(self) -> bool:
        """Return whether its value is a number without a unit."""
        return self.holds(int) or self.holds(float) or self.choices == ("1",)

    @cached_property
    def _plain_types(self) -> tuple[Any, ...]:
        if self.parse is not None:
            return ()
        annotation = self.field.annotation
        choices = get_args(annotation) if get_origin(annotation) is types.UnionType else ()
        return (annotation, *choices)


def _parts_of(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and everything nested in it."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _parts_of(part)
            yield from getattr(part, "__metadata__", ())


def _key_of(attribute: str, field: FieldInfo) -> Key:
    parts = [*field.metadata, *_parts_of(field.annotation)]
    parsers = [p.func for p in parts if isinstance(p, BeforeValidator) and p.func in UNIT_HINTS]
    models = [p for p in parts if isinstance(p, type) and _is_model(p)]
    origin = get_origin(field.annotation)
    return Key(
        name=field.alias or attribute,
        attribute=attribute,
        field=field,
        parse=parsers[0] if parsers else None,
        model=models[0] if models else None,
        is_list=bool(models) and origin is tuple,
        is_open=origin is dict,
    )


def _is_model(candidate: Any) -> bool:
    return not isinstance(candidate, types.GenericAlias) and issubclass(candidate, BaseModel)


@lru_cache(maxsize=64)
def keys_of(model: type[BaseModel]) -> Mapping[str, Key]:
    """Return the keys that a table of the file may have, by name."""
    keys = (_key_of(name, field) for name, field in model.model_fields.items())
    return {key.name: key for key in keys}


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return `; did you mean "..."?`, or nothing if no known name is near."""
    import difflib  # for messages only: it takes time to load

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def item_name(list_key: str, item: object) -> str | None:
    """Return the name by which a path calls an item of a list, if it has one."""
    name_key = ITEM_NAME_KEYS.get(list_key)
    name = item.get(name_key) if name_key and isinstance(item, dict) else None
    return name if isinstance(name, str) and name else None


def locate(document: Document, path: str) -> tuple[Location, Key]:
    """Return where a path leads in a document, and the key that stands there.

    Args:
        document: A scenario's raw data, not necessarily valid.
        path: As people write it.

    Raises:
        PathError: It leads nowhere.
    """
    model: type[BaseModel] = ScenarioSpec
    node: Any = document
    location: list[str | int] = []
    segments = path.split(".")
    while True:
        name = segments.pop(0)
        key = keys_of(model).get(name)
        if key is None:
            raise PathError(f'no key "{name}" here{suggestion(name, list(keys_of(model)))}')
        location.append(name)
        node = node.get(name) if isinstance(node, dict) else None
        if not segments:
            return tuple(location), key
        if key.is_open:
            return (*location, ".".join(segments)), key
        if key.model is None:
            raise PathError(f'"{name}" holds a value, nothing lies below it')
        model = key.model
        if key.is_list:
            index, used = _find_item(name, node, segments)
            del segments[:used]
            node = node[index] if isinstance(node, list) and index < len(node) else None
            location.append(index)
            if not segments:
                return tuple(location), key


def _find_item(list_key: str, items: object, segments: Sequence[str]) -> tuple[int, int]:
    """Return an item's position, and how many segments its name takes (names may hold dots)."""
    entries = items if isinstance(items, list) else []
    names = [item_name(list_key, item) for item in entries]
    for used in range(len(segments), 0, -1):
        joined = ".".join(segments[:used])
        if joined in names:
            return names.index(joined), used
    text = segments[0]
    if text.isascii() and text.isdigit() and int(text) <= len(entries):
        return int(text), 1
    if list_key not in ITEM_NAME_KEYS:
        raise PathError(f"{list_key} has {len(entries)} items, counted from 0")
    known = [n for n in names if n]
    raise PathError(
        f'no "{text}" in {list_key}'
        + (f"; there are: {', '.join(dict.fromkeys(known))}" if known else "")
    )


def path_of(document: Document, location: Location) -> str:
    """Return the path by names of a place in a document (by position where names repeat)."""
    parts: list[str] = []
    node: Any = document
    for step in location:
        text = str(step)
        if isinstance(step, int) and isinstance(node, list) and step < len(node) and parts:
            name = item_name(parts[-1], node[step])
            first = next((i for i, x in enumerate(node) if item_name(parts[-1], x) == name), step)
            text = name if name and first == step else text
        parts.append(text)
        node = _below(node, step)
    return ".".join(parts)


def _below(node: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return node[step] if isinstance(node, list) and step < len(node) else None
    return node.get(step) if isinstance(node, dict) else None


def raw_value(document: Document, location: Location) -> Any:
    """Return what stands at a place of a document; None if nothing does."""
    node: Any = document
    for step in location:
        node = _below(node, step)
    return node


def with_raw_value(document: Document, location: Location, value: object) -> Document:
    """Return a copy of a document with another value at one place.

    Tables that are missing are made, also a new item just behind the end of a list.
    """
    return _replaced(document, location, value)  # type: ignore[no-any-return]


def _replaced(node: Any, location: Location, value: object) -> Any:
    if not location:
        return value
    step, rest = location[0], location[1:]
    if isinstance(step, int):
        items = list(node) if isinstance(node, list) else []
        if step == len(items):
            items.append({})
        items[step] = _replaced(items[step], rest, value)
        return items
    table = dict(node) if isinstance(node, dict) else {}
    table[step] = _replaced(table.get(step), rest, value)
    return table


def value_from_text(text: str | bool | int | float, key: Key) -> Any:
    """Return the value that a text stands for: TOML if it reads as that, else the text itself.

    Args:
        text: As typed; a value that is no text is taken as it is.
        key: Where it is going; a key of plain text takes the text as it is typed.
    """
    if not isinstance(text, str):
        return text
    try:
        parsed = tomllib.loads(f"v = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    if set(parsed) != {"v"}:
        return text
    value = parsed["v"]
    plain_text = key.holds(str) and not key.is_open
    return text if plain_text and not isinstance(value, str) else value


def shown(value: object) -> str:
    """Return a value as a message shows it: TOML's writing, shortened."""
    if isinstance(value, str | bool | int | float | list | dict) or value is None:
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def spec_value(spec: BaseModel, location: Location) -> Any:
    """Return the parsed value at a place of a scenario.

    Raises:
        PathError: Nothing stands there.
    """
    node: Any = spec
    for step in location:
        if isinstance(step, int):
            if not isinstance(node, tuple) or step >= len(node):
                raise PathError("there is no such item")
            node = node[step]
        elif isinstance(node, BaseModel):
            node = getattr(node, keys_of(type(node))[step].attribute)
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            raise PathError("it is not set")
    return node


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the scenario file; values with units are texts there."""
    schema = ScenarioSpec.model_json_schema(by_alias=True)
    models = _all_models(ScenarioSpec)
    for model in models:
        table = schema if model is ScenarioSpec else schema.get("$defs", {}).get(model.__name__)
        for key in keys_of(model).values():
            if table and key.parse is not None:
                sentence, example = UNIT_HINTS[key.parse]
                table["properties"][key.name] = {
                    "type": "string",
                    "description": sentence,
                    "examples": [example],
                }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _all_models(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for key in keys_of(model).values():
        if key.model is not None:
            found += _all_models(key.model)
    return found
