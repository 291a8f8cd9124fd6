"""TOML files whose every key remembers its line and column, so that a typo can be pointed at."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Key = tuple[str | int, ...]
DecHook = Callable[[type, Any], Any]

_FILE_BYTES_MAX = 1_000_000
_PARSER = Parser(Language(tree_sitter_toml.language()))
_AT = re.compile(r" - at `(?:key in )?\$.*`$", re.DOTALL)
_WORDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a decimal",
    "bool": "true or false",
    "date": "a date such as 2026-11-01",
    "array": "a list",
    "object": "a table",
    "Minor": 'an amount in quotes such as "4.50"',
    "Expression": "an expression in quotes",
}


class Problem(msgspec.Struct, frozen=True, order=True):
    """Something wrong in a config file, and where; lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigError(Exception):
    """The config cannot be used; `problems` says all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class TomlFile:
    """One parsed file: its data, and where each of its keys stands."""

    def __init__(self, path: Path, name: str) -> None:
        """Read and parse; raise `ConfigError` when that cannot be done."""
        self.name = name
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigError([Problem(name, 1, 1, f"cannot be read: {error.strerror}")]) from None
        if len(raw) > _FILE_BYTES_MAX:
            raise ConfigError([Problem(name, 1, 1, f"is larger than {_FILE_BYTES_MAX} bytes")])
        try:
            self.data: dict[str, Any] = tomllib.loads(raw.decode())
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise ConfigError([Problem(name, line, 1, "is not UTF-8 text")]) from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([Problem(name, *_syntax_place(str(error), raw.decode()))]) from None
        except RecursionError:
            raise ConfigError([Problem(name, 1, 1, "is nested too deeply")]) from None
        self._places = _places(_PARSER.parse(raw).root_node)

    def problem(self, key: Key, message: str) -> Problem:
        """Return a problem at `key`, or at the nearest place around it that the file names."""
        for length in range(len(key), 0, -1):
            if place := self._places.get(key[:length]):
                return Problem(self.name, *place, message)
        return Problem(self.name, 1, 1, message)

    def read(self, type_: Any, dec_hook: DecHook) -> Any:
        """Turn the data into `type_`; raise `ConfigError` with every problem found, not only the first."""
        problems = [self.problem(key, message) for key, message in _flaws(type_, self.data, (), dec_hook)]
        if problems:
            raise ConfigError(problems)
        return msgspec.convert(self.data, type_, dec_hook=dec_hook)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return what to say after an unknown word: the nearest right one, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f'did you mean "{close[0]}"?' if close else f"known here: {', '.join(known) or 'none'}"


def _flaws(type_: Any, data: Any, key: Key, dec_hook: DecHook) -> Iterator[tuple[Key, str]]:
    """Walk data and type side by side, yield every flaw at its own key; a parent is judged once its parts are sound."""
    inner = list(_inner_flaws(type_, data, key, dec_hook))
    yield from inner
    if inner:
        return
    try:
        msgspec.convert(data, type_, dec_hook=dec_hook)
    except msgspec.ValidationError as error:
        yield key, _in_words(_AT.sub("", str(error)), type_)


def _inner_flaws(type_: Any, data: Any, key: Key, dec_hook: DecHook) -> Iterator[tuple[Key, str]]:
    if isinstance(data, dict) and (structs := _structs(type_)):
        yield from _struct_flaws(structs, data, key, dec_hook)
    elif isinstance(data, dict) and (value_type := _arguments(type_, dict)):
        for name, value in data.items():
            yield from _flaws(value_type[1], value, (*key, name), dec_hook)
    elif isinstance(data, list) and (item_type := _arguments(type_, tuple) or _arguments(type_, list)):
        for index, item in enumerate(data):
            yield from _flaws(item_type[0], item, (*key, index), dec_hook)


def _struct_flaws(
    structs: list[type[msgspec.Struct]], data: dict[str, Any], key: Key, dec_hook: DecHook
) -> Iterator[tuple[Key, str]]:
    tag_field = structs[0].__struct_config__.tag_field
    if tag_field is not None:
        by_tag = {struct.__struct_config__.tag: struct for struct in structs}
        tag = data.get(tag_field)
        if tag not in by_tag:
            known = sorted(str(name) for name in by_tag)
            say = f'"{tag_field}" is missing; {nearest("", known)}' if tag is None else _unknown(tag_field, tag, known)
            yield ((*key, tag_field) if tag_field in data else key), say
            return
        structs = [by_tag[tag]]
    fields = {field.encode_name: field for field in msgspec.structs.fields(structs[0])}
    for name, value in data.items():
        if name in fields:
            yield from _flaws(fields[name].type, value, (*key, name), dec_hook)
        elif name != tag_field:
            yield (*key, name), f'unknown key "{name}"; {nearest(name, fields)}'
    for name, field in fields.items():
        if field.required and name not in data:
            yield key, f'"{name}" is missing'


def _unknown(what: str, value: object, known: Iterable[str]) -> str:
    return f'unknown {what} "{value}"; {nearest(str(value), known)}'


def _structs(type_: Any) -> list[type[msgspec.Struct]]:
    """Return the structs that `type_` may be, looking into unions and annotations but not into containers."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_]
    if get_origin(type_) in {Annotated, Union, UnionType}:
        return [struct for argument in _plain_arguments(type_) for struct in _structs(argument)]
    return []


def _arguments(type_: Any, container: type) -> tuple[Any, ...]:
    """Return what `container[…]` holds where `type_` is one, or may be one; else nothing."""
    if get_origin(type_) is container:
        return get_args(type_)
    if get_origin(type_) in {Annotated, Union, UnionType}:
        return next((found for argument in _plain_arguments(type_) if (found := _arguments(argument, container))), ())
    return ()


def _plain_arguments(type_: Any) -> tuple[Any, ...]:
    return get_args(type_)[:1] if get_origin(type_) is Annotated else get_args(type_)


def _literals(type_: Any) -> list[str]:
    if get_origin(type_) is Literal:
        return [str(value) for value in get_args(type_)]
    return [value for argument in _plain_arguments(type_) for value in _literals(argument)]


def _in_words(message: str, type_: Any) -> str:
    """Say what msgspec says in the words of someone who edits a file."""
    if match := re.match(r"^Expected `(.+)`, got `(.+)`$", message):
        wanted = [_WORDS.get(kind.strip(), kind.strip()) for kind in match[1].split("|") if kind.strip() != "null"]
        return f"expected {' or '.join(wanted)}, got {_WORDS.get(match[2], match[2])}"
    if match := re.match(r"^Invalid enum value '(.+)'$", message):
        return _unknown("word", match[1], _literals(type_))
    message = message.replace("`int` >=", "a number of at least").replace("`int` <=", "a number of at most")
    message = message.replace("`array` of length >=", "a list of at least").replace(
        "`str` of length >=", "text of at least"
    )
    return message[:1].lower() + message[1:]


def _syntax_place(message: str, text: str) -> tuple[int, int, str]:
    match = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", message)
    if match:
        return int(match[2]), int(match[3]), match[1]
    return text.count("\n") + 1, 1, message.replace(" (at end of document)", " before the end of the file")


def _places(root: Node) -> dict[Key, tuple[int, int]]:
    places: dict[Key, tuple[int, int]] = {}
    counts: dict[Key, int] = {}
    for node in root.named_children:
        if node.type == "pair":
            _note_pair(node, (), places)
        elif node.type in {"table", "table_array_element"}:
            prefix = _table_key(_names(node.named_children[0]), counts, is_array=node.type == "table_array_element")
            places.setdefault(prefix, _place(node))
            for child in node.named_children[1:]:
                if child.type == "pair":
                    _note_pair(child, prefix, places)
    return places


def _table_key(names: list[str], counts: dict[Key, int], *, is_array: bool) -> Key:
    """Return a table's full key: inside an array of tables, its newest element is meant."""
    key: Key = ()
    for depth, name in enumerate(names):
        key = (*key, name)
        if is_array and depth == len(names) - 1:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = (*key, counts[key])
    return key


def _note_pair(node: Node, prefix: Key, places: dict[Key, tuple[int, int]]) -> None:
    name, value = node.named_children[0], node.named_children[-1]
    key = (*prefix, *_names(name))
    places[key] = _place(name)
    _note_value(value, key, places)


def _note_value(node: Node, key: Key, places: dict[Key, tuple[int, int]]) -> None:
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                _note_pair(child, key, places)
    elif node.type == "array":
        items = [child for child in node.named_children if child.type != "comment"]
        for index, child in enumerate(items):
            places[(*key, index)] = _place(child)
            _note_value(child, (*key, index), places)


def _names(node: Node) -> list[str]:
    if node.type == "dotted_key":
        return [name for child in node.named_children for name in _names(child)]
    text = (node.text or b"").decode()
    return [text if node.type == "bare_key" else text[1:-1]]


def _place(node: Node) -> tuple[int, int]:
    return node.start_point.row + 1, node.start_point.column + 1
