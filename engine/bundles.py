"""The widget as browsers get it: its modules joined, minified and compressed, always those that are on the disk now.

The sources in `ui/` are what is written, read, type-checked and tested; nothing is built ahead or kept. `widget.js`
becomes one script. A part that it loads when needed, by `import("./<part>.js")` or by its name, becomes a function of
what the script shares with it, so that no page holds two copies of anything.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import brotli

ENTRY = "widget.js"
TAG_DIGITS = 6
# Chromium reads ahead, aside, what it would else read function by function on the thread that shows the page.
_AHEAD = b"//# allFunctionsCalledOnLoad\n"
_BROTLI_MODES = (brotli.MODE_GENERIC, brotli.MODE_TEXT, brotli.MODE_FONT)  # hints, none of them always the best
_BROTLI_WINDOWS = (14, 22)  # the smaller one may find shorter words for a small file
_BROTLI_WAYS = tuple(product(_BROTLI_MODES, _BROTLI_WINDOWS))
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\./[\w./]+)";\n', re.MULTILINE)
_PART = re.compile(r'\bimport\("\./(?:widget/)?(\w+)\.js"\)')
_NAMED_PART = re.compile(r"\bimport\(`\./\$\{(\w+)}\.js`\)")  # which ones, the types beside it say in the form above
_EXPORT = re.compile(r"^export (?=(?:const|function|class|async function)\b)", re.MULTILINE)
_NUMBER = re.compile(r"^const ([A-Z][A-Z_\d]*) = ([\d_]+(?:\.\d+)?n?);.*\n", re.MULTILINE)
_TEXT = re.compile(r'"[^"\n]*"')
_CONST = re.compile(r"\bconst (?=[\w{[])")
_TOP = re.compile(r"^(?:export )?(?:const|let|class|function|async function) \{?\s*(\w+)", re.MULTILINE)


class BundleError(Exception):
    """Modules use one name at their top, import in a way that cannot be joined, or say a number's name in a text."""


class Packed(NamedTuple):
    """A body in each coding a browser may ask for; the tag changes with the content."""

    plain: bytes
    gzip: bytes
    brotli: bytes
    tag: str


class Bundle(NamedTuple):
    """The script, its parts by name, and the state of the folder they were made from."""

    script: Packed
    parts: dict[str, Packed]


@lru_cache(maxsize=64)
def pack(body: bytes) -> Packed:
    return Packed(
        body,
        gzip.compress(body, 9, mtime=0),
        min((brotli.compress(body, mode=mode, quality=11, lgwin=lgwin) for mode, lgwin in _BROTLI_WAYS), key=len),
        hashlib.sha256(body).hexdigest()[:TAG_DIGITS],
    )


def bundle(ui: Path) -> Bundle:
    """Return the widget of this folder; a file that changed since the last call is read again."""
    sources = sorted([ui / ENTRY, *(ui / "widget").glob("*.js")])
    return _made(ui, tuple((path.name, path.stat().st_mtime_ns) for path in sources))


@lru_cache(maxsize=4)
def _made(ui: Path, _state: tuple[tuple[str, int], ...]) -> Bundle:
    core = _closure(ui, ui / ENTRY)
    parts = {name: _closure(ui, ui / "widget" / f"{name}.js") for name in _parts(core)}
    texts = {
        path: path.read_text(encoding="utf-8") for path in {*core, *(one for part in parts.values() for one in part)}
    }
    own = {name: [path for path in modules if path not in core] for name, modules in parts.items()}
    wanted = {name: _borrowed(modules, texts, core) for name, modules in own.items()}
    shared = sorted({name for names in wanted.values() for name in names})
    bodies = {}
    for name, modules in own.items():
        taken = ",".join(one if one in wanted[name] else "" for one in shared)
        given = ",".join(_exported(texts[ui / "widget" / f"{name}.js"]))
        bodies[name] = _small(f"export default([{taken}])=>{{{_joined(modules, texts)}\nreturn{{{given}}}}}")
    # One tag for all of them: each of their own would be sent with every spin, and no packer makes it smaller.
    tag = pack(b"\n".join(bodies.values())).tag
    script = _NAMED_PART.sub(r"makegoodPart(\1)", _PART.sub(r'makegoodPart("\1")', _joined(core, texts)))
    whole = _small(_LOADER.format(script=script, shared=",".join(shared), tag=tag))
    packed = {name: pack(body)._replace(tag=tag) for name, body in bodies.items()}
    return Bundle(pack(_AHEAD + whole), packed)


# One call of a part's function for each page, whoever asks: its style sheets and classes are made once.
# What it shares with the script is handed over by its place in a list: names would be sent with every spin.
_LOADER = """(()=>{{
let makegoodParts = {{}};
let makegoodPart = (name) => (makegoodParts[name] ??= import(`./widget/parts/${{name}}.js?{tag}`).then(
  (part) => part.default([{shared}]),
  (error) => {{ delete makegoodParts[name]; throw error; }},
));
{script}
}})()"""


def _closure(ui: Path, entry: Path, above: tuple[Path, ...] = ()) -> list[Path]:
    """Return a module after everything it imports, each once."""
    found: list[Path] = []
    for _names, target in _imports(entry, entry.read_text(encoding="utf-8")):
        if target in above:
            raise BundleError(f"{target.name} and {entry.name} import each other")
        found += [path for path in _closure(ui, target, (*above, entry)) if path not in found]
    return [*found, entry]


def _borrowed(modules: list[Path], texts: dict[Path, str], core: list[Path]) -> set[str]:
    """Return the names that a part's own modules take from the script."""
    return {
        name for path in modules for names, target in _imports(path, texts[path]) if target in core for name in names
    }


def _imports(path: Path, text: str) -> Iterator[tuple[tuple[str, ...], Path]]:
    lines = [line for line in text.splitlines() if line.startswith("import ")]
    found = list(_IMPORT.finditer(text))
    if len(found) != len(lines):
        raise BundleError(f'{path.name}: write every import as `import {{ name }} from "./file.js";`')
    for match in found:
        names = tuple(name.strip() for name in match[1].split(",") if name.strip())
        if any(" " in name for name in names):
            raise BundleError(f"{path.name}: a joined module keeps its names; `as` cannot rename them")
        yield names, (path.parent / match[2]).resolve()


def _parts(core: list[Path]) -> list[str]:
    return sorted({name for path in core for name in _PART.findall(path.read_text(encoding="utf-8"))})


def _exported(text: str) -> list[str]:
    return [_TOP.match(line)[1] for line in text.splitlines() if line.startswith("export ")]  # type: ignore[index]  # it has a name


def _joined(modules: list[Path], texts: dict[Path, str]) -> str:
    owner: dict[str, Path] = {}
    for path in modules:
        for name in _TOP.findall(texts[path]):
            if owner.setdefault(name, path) != path:
                raise BundleError(f'"{name}" stands at the top of {owner[name].name} and of {path.name}')
    return "\n".join(_terse(texts[path]) for path in modules)


def _terse(script: str) -> str:
    """Return a module to be joined, its own numbers written out and `let` for `const`: the minifier does neither."""
    texts = " ".join(_TEXT.findall(script))
    for name, value in _NUMBER.findall(script):
        if re.search(rf"\b{name}\b", texts) or re.search(rf"\b{name}\.|(?<!\$)\{{\s*{name}\s*[,}}]", script):
            raise BundleError(f"{name} is a number, and stands in a text or where no number can")
        script = re.sub(rf"\b{name}\b", value.replace("_", ""), re.sub(rf"(?m)^const {name} = .*\n", "", script))
    return _CONST.sub("let ", _EXPORT.sub("", _IMPORT.sub("", script)))


def _small(script: str) -> bytes:
    # Loaded here and not above: its threads do not survive the fork that makes a worker of a server, which then hangs.
    try:
        import minify
    except ImportError:  # no wheel for this platform: the scripts are longer, and the same
        return script.encode()
    # What is left of line ends stands in style sheets.
    return re.sub(r"(?<=[;{}`])\n", "", minify.string("application/javascript", script)).encode()
