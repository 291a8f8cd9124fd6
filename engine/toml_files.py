"""TOML files whose every key remembers its line and column, so that a typo can be pointed at."""

import codecs
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Key = tuple[str | int, ...]
DecHook = Callable[[type, Any], Any]

FILE_BYTES_MAX = 1_000_000
_WORD_LENGTH_MAX = 80
_NAMES_SHOWN_MAX = 24
_LINE_LENGTH_PLAIN = 400  # no longer line holds keys nested too deeply
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
    "datetime": "a date with a time",
    "time": "a time",
}
_BOUNDS = {">=": "least", "<=": "most"}
_BRACKETS = {
    "array object": "; write its name in two pairs of brackets: [[…]]",
    "object array": "; write its name in one pair of brackets: […]",
}
_LENGTHS = {"str": ("text", "character"), "array": ("a list", "item")}
_TYPOGRAPHIC = frozenset("“”„«»‘’‚")


class Problem(msgspec.Struct, frozen=True, order=True):
    """Something wrong in a config file, and where; lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        # One problem is one line, whatever the file holds: control characters would also reach the terminal.
        message = "".join(letter if letter.isprintable() else "·" for letter in self.message)
        return f"{self.file}:{self.line}:{self.column}: {message}"


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
        self._text = text = read_text(path, name)
        if any(len(line) > _LINE_LENGTH_PLAIN for line in text.split("\n")):
            _ = self._places  # gives up on a key of thousands of parts; tomllib remembers each of its beginnings
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([Problem(name, *_syntax_flaw(str(error), text, self._places))]) from None
        except RecursionError:
            raise self._too_deep() from None
        except ValueError:
            raise ConfigError([Problem(name, *_longest_number(text), "is a number with too many digits")]) from None

    @cached_property
    def _places(self) -> "_Places":
        try:
            return _Places(self._text)
        except RecursionError:
            raise self._too_deep() from None

    def problem(self, key: Key, message: str) -> Problem:
        """Return a problem at `key`, or at the nearest place around it that the file names."""
        return Problem(self.name, *self._places.nearest(key), message)

    def read(self, type_: Any, dec_hook: DecHook) -> Any:
        """Turn the data into `type_`; raise `ConfigError` with every problem found, not only the first."""
        try:
            flaws = list(_control_characters(self.data, ()))
            try:
                value = msgspec.convert(self.data, type_, dec_hook=dec_hook)
            except msgspec.ValidationError:
                flaws += _flaws(type_, self.data, (), dec_hook)
        except RecursionError:
            raise self._too_deep() from None
        if flaws:
            raise ConfigError(self.problem(key, message) for key, message in flaws)
        return value

    def _too_deep(self) -> ConfigError:
        return ConfigError([Problem(self.name, 1, 1, "is nested too deeply")])


def places_of(text: str, key: Key) -> tuple[int, int]:
    """Return the line and column of a key in a TOML text, or of the nearest thing around it."""
    return _Places(text).nearest(key)


def read_text(path: Path, name: str) -> str:
    """Read a UTF-8 file of bounded size; raise `ConfigError` when that cannot be done."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ConfigError([Problem(name, 1, 1, "is not a file")])  # to open a pipe would wait for its writer
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError([Problem(name, 1, 1, f"cannot be read: {error.strerror}")]) from None
    if len(raw) > FILE_BYTES_MAX:
        raise ConfigError([Problem(name, 1, 1, f"is larger than {FILE_BYTES_MAX} bytes")])
    raw = raw.removeprefix(codecs.BOM_UTF8)  # some editors on Windows write it unasked
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode()
        raise ConfigError([Problem(name, *_end_of(good), "is not UTF-8 text")]) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """Return what to say after an unknown word: the nearest right one, or all of them where they are few."""
    spelt = {name.casefold(): name for name in known}
    word = word[:_WORD_LENGTH_MAX].casefold()
    if close := difflib.get_close_matches(word, spelt, n=20, cutoff=0.5):
        # Of equally near words, the one of the same letters: they only changed places.
        best = max(close, key=lambda name: (_nearness(word, name), sorted(name) == sorted(word)))
        return f'did you mean "{spelt[best]}"?'
    names = sorted(spelt.values())
    return f"known here: {', '.join(names[:_NAMES_SHOWN_MAX]) or 'none'}{', …' * (len(names) > _NAMES_SHOWN_MAX)}"


def _nearness(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, other, word).ratio()


def _control_characters(data: Any, key: Key) -> Iterator[tuple[Key, str]]:
    """Yield every text that holds what no editor shows: PostgreSQL stores no NUL, and a terminal obeys the others."""
    if isinstance(data, str) and any(unicodedata.category(letter) == "Cc" for letter in data if letter not in "\t\r\n"):
        yield key, "holds a control character"
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _control_characters(value, (*key, name))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from _control_characters(value, (*key, place))


def _flaws(type_: Any, data: Any, key: Key, dec_hook: DecHook) -> Iterator[tuple[Key, str]]:
    """Walk data and type side by side, yield every flaw at its own key; a parent is judged once its parts are sound."""
    inner = list(_inner_flaws(type_, data, key, dec_hook))
    yield from inner
    if inner:
        return
    try:
        msgspec.convert(data, type_, dec_hook=dec_hook)
    except msgspec.ValidationError as error:
        message = _AT.sub("", str(error))
        yield _blamed(message, data, key), _in_words(message, type_, data)


def _blamed(message: str, data: Any, key: Key) -> Key:
    """Return the key inside a table that a message begins with, where the file names it; else the table's own."""
    match = re.match(r"^`(\w+)`", message)
    return (*key, match[1]) if match and isinstance(data, dict) and match[1] in data else key


def _inner_flaws(type_: Any, data: Any, key: Key, dec_hook: DecHook) -> Iterator[tuple[Key, str]]:
    if isinstance(data, dict) and (structs := _structs(type_)):
        yield from _struct_flaws(structs, data, key, dec_hook)
    elif isinstance(data, dict) and (value_type := _arguments(type_, dict)):
        for name, value in data.items():
            yield from _flaws(value_type[0], name, (*key, name), dec_hook)
            yield from _flaws(value_type[1], value, (*key, name), dec_hook)
    elif isinstance(data, list) and (item_type := _arguments(type_, tuple) or _arguments(type_, list)):
        for index, item in enumerate(data):
            yield from _flaws(item_type[0], item, (*key, index), dec_hook)


def _struct_flaws(
    structs: list[type[msgspec.Struct]], data: dict[str, Any], key: Key, dec_hook: DecHook
) -> Iterator[tuple[Key, str]]:
    tag_field = structs[0].__struct_config__.tag_field
    if tag_field is not None:
        by_tag = {str(struct.__struct_config__.tag): struct for struct in structs}
        tag = data.get(tag_field)
        if not isinstance(tag, str) or tag not in by_tag:
            yield _tag_flaw(tag_field, data, key, by_tag)
            return
        structs = [by_tag[tag]]
    fields = _fields(structs[0])
    for name, value in data.items():
        if name in fields:
            yield from _flaws(fields[name].type, value, (*key, name), dec_hook)
        elif name != tag_field:
            yield (*key, name), _unknown("key", name, fields)
    for name, field in fields.items():
        if field.required and name not in data:
            yield key, f'"{name}" is missing'


@cache
def _fields(struct: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """Return a struct's fields by the names files use; msgspec works the types out anew each time it is asked."""
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def _tag_flaw(tag_field: str, data: dict[str, Any], key: Key, known: Iterable[str]) -> tuple[Key, str]:
    if tag_field in data:
        return (*key, tag_field), _unknown(tag_field, data[tag_field], known)
    # Only a word that close is the tag misspelt: "link" must not be taken for "kind".
    for name in difflib.get_close_matches(tag_field, data, n=1, cutoff=0.75):
        return (*key, name), f'unknown key "{name}"; did you mean "{tag_field}"?'
    return key, f'"{tag_field}" is missing; {nearest("", known)}'


def _unknown(what: str, value: object, known: Iterable[str]) -> str:
    word = value if isinstance(value, str) else shown(value)
    return f'unknown {what} "{_cut(word)}"; {nearest(word, known)}'


def shown(value: object) -> str:
    """Return a value as a message may show it: short, and whatever it is."""
    try:
        return _cut(repr(value))
    except ValueError:  # Python writes no number of thousands of digits
        return "a number with too many digits"


def _cut(text: str) -> str:
    return text if len(text) <= _WORD_LENGTH_MAX else f"{text[: _WORD_LENGTH_MAX - 1]}…"


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


def _in_words(message: str, type_: Any, data: Any) -> str:
    """Say what msgspec says in the words of someone who edits a file."""
    if match := re.match(r"^Expected `(.+)`, got `(.+)`$", message):
        kinds = [kind.strip() for kind in match[1].split("|") if kind.strip() != "null"]
        hint = _BRACKETS.get(" ".join([*kinds, match[2]]), "")
        wanted = [_WORDS.get(kind, kind) for kind in kinds]
        return f"expected {' or '.join(wanted)}, got {_WORDS.get(match[2], match[2])}{hint}"
    if message.startswith("Invalid enum value"):
        return _unknown("word", data, _literals(type_))
    if bounds := _bounds_in_words(message):
        return f"expected {bounds}, got {shown(data)}"
    if message.startswith("Expected `str` matching regex"):
        return f"expected {_description(type_) or 'other letters'}, got {shown(data)}"
    if message == "Invalid RFC3339 encoded date":
        return f"expected {_WORDS['date']}, got {shown(data)}"
    return message[:1].lower() + message[1:]


def _bounds_in_words(message: str) -> str:
    if match := re.match(r"^Expected `int` (<=|>=) (-?\d+)$", message):
        return f"a number of at {_BOUNDS[match[1]]} {match[2]}"
    if match := re.match(r"^Expected `(str|array)` of length (<=|>=) (\d+)$", message):
        what, unit = _LENGTHS[match[1]]
        return f"{what} of at {_BOUNDS[match[2]]} {match[3]} {unit}{'s' if match[3] != '1' else ''}"
    return ""


def _description(type_: Any) -> str:
    """Return what the type says of itself, for a text that does not have its form."""
    notes = get_args(type_)[1:] if get_origin(type_) is Annotated else ()
    own = [note.description for note in notes if isinstance(note, msgspec.Meta) and note.description]
    return own[0] if own else next(filter(None, map(_description, _plain_arguments(type_))), "")


def _syntax_flaw(message: str, text: str, places: "_Places") -> tuple[int, int, str]:
    """Return where the file stops being TOML, and why, in words."""
    match = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", message, re.DOTALL)
    if match is None:
        return *_end_of(text), message.replace(" (at end of document)", " before the end of the file")
    said, line, column = match[1], int(match[2]), int(match[3])
    if said.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline table key")):
        second = places.last_before(line, column)
        hint = f"; a table that repeats is written [[{second.name}]] each time" * (not second.is_pair)
        return *second.start, f'"{_cut(second.name)}" is given a second time{hint}'
    before = text[: _start_of_line(text, line)]
    if said == "Unclosed array" and (opened := list(re.finditer(r"^[^#\n]*?=\s*\[", before, re.MULTILINE))):
        return *_end_of(before[: opened[-1].end() - 1]), "this list has no closing bracket"
    return line, column, _syntax_words(said, text[len(before) + column - 1 :][:1])


def _syntax_words(said: str, here: str) -> str:
    if said == "Illegal character '\\n'":
        return "the text has no closing quote"
    if said == "Invalid value" and here in _TYPOGRAPHIC:
        return f'{here} is not a straight quote: write "…"'
    if here.isalpha() and not here.isascii():
        return f'a name with a letter such as {here} stands in quotes: "…"'
    if said == "Invalid value":
        return 'not a value; text stands in straight quotes: "…"'
    return said[:1].lower() + said[1:]


def _start_of_line(text: str, line: int) -> int:
    return sum(len(one) for one in text.splitlines(keepends=True)[: line - 1])


def _longest_number(text: str) -> tuple[int, int]:
    longest = max(re.finditer(r"[0-9_]+", text), key=lambda match: len(match[0]))
    return _end_of(text[: longest.start()])


def _end_of(text: str) -> tuple[int, int]:
    """Return the line and column that follow a text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


class _Ended(NamedTuple):
    """A key, from where it stands to where its value (or a table's header) ends."""

    end: tuple[int, int]
    name: str
    start: tuple[int, int]
    is_pair: bool


class _Places:
    """Where each key of a file stands, by its path; a file that is only half TOML has the places of that half."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode().split(b"\n")
        self._plain = [line.isascii() for line in self._lines]
        self._by_key: dict[Key, tuple[int, int]] = {}
        self._counts: dict[Key, int] = {}
        self._ends: list[_Ended] = []
        for node in _PARSER.parse(text.encode()).root_node.named_children:
            if node.type == "pair":
                self._note_pair(node, ())
            elif node.type in {"table", "table_array_element"}:
                self._note_table(node)

    def nearest(self, key: Key) -> tuple[int, int]:
        """Return the place of `key`, or of the nearest thing around it that the file names."""
        for length in range(len(key), 0, -1):
            if place := self._by_key.get(key[:length]):
                return place
        return 1, 1

    def last_before(self, line: int, column: int) -> _Ended:
        """Return the last key whose item ends at or before a place."""
        ended = [item for item in self._ends if item.end <= (line, column)]
        return max(ended, default=_Ended((0, 0), "this", (line, column), is_pair=True))

    def _note_table(self, node: Node) -> None:
        name = next((child for child in node.named_children if child.type.endswith("key")), None)
        if name is None:
            return
        names = _names(name)
        prefix = self._table_key(node, names)
        self._by_key.setdefault(prefix, self._start(node))
        self._ends.append(_Ended(self._end(name), ".".join(names), self._start(node), is_pair=False))
        for child in node.named_children:
            if child.type == "pair":
                self._note_pair(child, prefix)

    def _table_key(self, node: Node, names: list[str]) -> Key:
        """Return a table's full key: inside an array of tables, its newest element is meant."""
        is_array = node.type == "table_array_element"
        key: Key = ()
        for depth, name in enumerate(names):
            key = (*key, name)
            if is_array and depth == len(names) - 1:
                self._by_key.setdefault(key, self._start(node))
                self._counts[key] = self._counts.get(key, -1) + 1
            if key in self._counts:
                key = (*key, self._counts[key])
        return key

    def _note_pair(self, node: Node, prefix: Key) -> None:
        name, value, *_comments = node.named_children
        names = _names(name)
        key = (*prefix, *names)
        self._by_key.setdefault(key, self._start(name))
        self._ends.append(_Ended(self._end(value), ".".join(names), self._start(name), is_pair=True))
        self._note_value(value, key)

    def _note_value(self, node: Node, key: Key) -> None:
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._note_pair(child, key)
        elif node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for index, child in enumerate(items):
                self._by_key[(*key, index)] = self._start(child)
                self._note_value(child, (*key, index))

    def _start(self, node: Node) -> tuple[int, int]:
        return self._place(node.start_point.row, node.start_point.column)

    def _end(self, node: Node) -> tuple[int, int]:
        return self._place(node.end_point.row, node.end_point.column)

    def _place(self, row: int, byte: int) -> tuple[int, int]:
        # The parser counts bytes; people and editors count characters.
        if self._plain[row]:
            return row + 1, byte + 1
        return row + 1, len(self._lines[row][:byte].decode(errors="replace")) + 1


def _names(node: Node) -> list[str]:
    if node.type == "dotted_key":
        return [name for child in node.named_children for name in _names(child)]
    text = (node.text or b"").decode()
    if node.type == "bare_key":
        return [text]
    if "\\" in text and text.startswith('"'):
        return list(tomllib.loads(f"{text} = 0"))
    return [text[1:-1]]
