"""Order lines of a shop's export: read whatever their dirt, and turned into the stockouts they would have met.

Pure but for the reading of one file. A row that is no order is counted by reason, never fatal.
"""

import codecs
import csv
import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from io import TextIOWrapper
from pathlib import Path
from sys import intern
from typing import Literal, NamedTuple, TextIO

from babel import Locale

from rewards.money import digits_of

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
BYTES_MAX = 500_000_000
ID_LENGTH_MAX = 80  # room for a prefix within what the API takes
TITLE_LENGTH_MAX = 300
QUANTITY_MAX = 1_000_000
STOCK_SHARE = (0.60, 0.90)

_NO_PRODUCT = re.compile(
    r"\?.*|(dotcom )?postage|(next day )?carriage|manual|discount|samples?|cruk commission|bank charges|amazon fee|"
    r"adjust(ment)?( bad debt)?|check(ed)?|lost|found|missing|damaged?s?|wet|faulty|smashed|thrown away|mouldy|"
    r"on cargo order|mystery!.*|test",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\s*(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})"
    r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?\s*"
    r"(?:Z|UTC|GMT)?(?:[+-]\d{2}:?\d{2})?\s*"
)
_NAMED_DATE = re.compile(
    r"(?:[^\W\d]{2,9}\.?,? +(?=\d|[^\W\d]+\.? +\d))?"  # the day of the week
    r"(?:([^\W\d]{3,12})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})(.*)"
    r"|(\d{1,2})[ -]([^\W\d]{3,12})\.?[ -](\d{2,4})(.*))"
)
_PLAIN_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?Z?")
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")  # days since the end of 1899, as spreadsheets count: 1954 to 2119
_EPOCH = re.compile(r"(\d{9,10})(?:\.\d+|\d{3})?")  # seconds or milliseconds since 1970
_SERIAL_FROM = datetime(1899, 12, 30)  # noqa: DTZ001  # the file tells no zone
_MONTH_LANGUAGES = ("en", "fr", "de", "es", "it", "nl")
_NO_FIGURE = re.compile(r"[\s'\u2019$£€¥]")  # between thousands, and beside an amount
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3}){2,}|(?:\.\d{3}){2,})")  # millions
_SEPARATOR = re.compile(r"\ufeff?\"?sep=.?\"?\s*$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_COUNTRIES = {"eire": "IE", "usa": "US", "rsa": "ZA", "channel islands": "JE", "hong kong": "HK"} | {
    "czech republic": "CZ",
    "uk": "GB",
    "great britain": "GB",
    "turkey": "TR",
}
_CENTURY_FROM = 100
YEARS = range(1970, 2101)  # a year beyond is a slip of the pen, and the weeks up to it would be told one by one

DateOrder = Literal["year-month-day", "day/month/year", "month/day/year"]
OTHER_ORDERS_MAX = 0.01  # of the dates that can only be read one way: more than that is no slip of the pen
CHUNK_BYTES = 1 << 20
KEPT_MAX = 1 << 17  # different dates, prices or products that are kept at once
TELL_EVERY = 10_000
ALIASES = {"invoice": "invoiceno", "price": "unitprice", "customer": "customerid"}  # as newer exports name them
Decoder = codecs.IncrementalDecoder
Told = Callable[[float], None]  # hears how much of a file is read, 0 to 1


class OrdersError(ValueError):
    """The file holds no orders that can be read; the message says why."""


class OrderLine(NamedTuple):
    """One product on one order. Amounts are in minor units of the shop's currency."""

    line: int  # of the file, counted from 1, the header included
    invoice: str
    sku: str
    title: str
    quantity: int
    at: datetime  # as the file has it: no zone is told
    price_minor: int
    customer: str
    market: str  # ISO 3166, or nothing where the country is not one


@dataclass
class Dirt:
    """Rows left out for one reason."""

    rows: int = 0
    example_line: int = 0


@dataclass
class Orders:
    """A file as read: its sound lines, and what was left out of it."""

    lines: list[OrderLine] = field(default_factory=list)
    dirt: defaultdict[str, Dirt] = field(default_factory=lambda: defaultdict(Dirt))
    rows: int = 0
    digest: str = ""
    encoding: str = ""
    date_order: DateOrder = "year-month-day"
    date_doubt: bool = False  # nothing in the file tells day from month

    @property
    def left_out(self) -> int:
        return sum(dirt.rows for dirt in self.dirt.values())

    def refuse_empty(self) -> None:
        """Raise `OrdersError` where no line is left: figures about nothing would be worse than none."""
        if self.lines:
            return
        if not self.rows:
            raise OrdersError("there is no row below the first line")
        most = sorted(self.dirt.items(), key=lambda item: -item[1].rows)
        told = "; ".join(f"{reason}: {dirt.rows}, first at line {dirt.example_line}" for reason, dirt in most[:5])
        raise OrdersError(f"none of the {self.rows} rows is an order line ({told})")

    def leave_out(self, reason: str, line: int) -> None:
        dirt = self.dirt[reason]
        dirt.rows += 1
        dirt.example_line = dirt.example_line or line


class Missed(NamedTuple):
    """An order line that found too little left, and what the basket came to when it was put in."""

    order: OrderLine
    cart_minor: int


class Plot(NamedTuple):
    """How a file's demand met its stock."""

    missed: list[Missed]
    products: int
    ran_out: list[str]  # products, in the order they ran out


def read_orders(path: Path, currency: str, told: Told = lambda _share: None) -> Orders:
    """Read a file of order lines; raise `OrdersError` where it is none.

    It is read three times and never held: once for its encoding, once for the order of its dates, once for its rows.
    """
    orders = Orders()
    size, orders.digest, orders.encoding = _looked_at(path)
    codec = _CODECS[orders.encoding]
    with _opened(path, codec) as file:
        dates = (cells[0] for _line, cells in _rows(file, Orders(), ("InvoiceDate",)))
        orders.date_order, orders.date_doubt = date_order(dates)
    with _opened(path, codec) as file:
        read = _Reading(orders.date_order, currency)
        for line, cells in _rows(file, orders):
            order = read.order_line(line, cells)
            if isinstance(order, OrderLine):
                orders.lines.append(order)
            else:
                orders.leave_out(order, line)
            if not orders.rows % TELL_EVERY:
                told(os.lseek(file.fileno(), 0, os.SEEK_CUR) / (size or 1))
    told(1.0)
    return orders


def run_out(lines: Sequence[OrderLine], seed: int) -> Plot:
    """Give each product a stock that runs out for the last part of its demand, and return who came too late.

    A product's stock is a share of all that is ordered of it, drawn from the seed and its code alone; in order of time
    each line takes what it asks for or, where less is left, nothing.
    """
    in_time = sorted(lines, key=lambda line: (line.at, line.line))
    demand: defaultdict[str, int] = defaultdict(int)
    for line in in_time:
        demand[line.sku] += line.quantity
    left = {sku: int(wanted * _share(seed, sku)) for sku, wanted in demand.items()}
    carts: defaultdict[str, int] = defaultdict(int)
    missed: list[Missed] = []
    ran_out: dict[str, None] = {}  # keeps the order
    for line in in_time:
        carts[line.invoice] += line.price_minor * line.quantity
        if line.quantity <= left[line.sku]:
            left[line.sku] -= line.quantity
        else:
            missed.append(Missed(line, carts[line.invoice]))
            ran_out[line.sku] = None
    return Plot(missed, len(demand), list(ran_out))


def date_order(dates: Iterable[str]) -> tuple[DateOrder, bool]:
    """Return the order in which a file's dates can be read, and whether that is a guess.

    A year of four digits in front is read as such beside any order. Raise `OrdersError` where some dates can only be
    read one way and some only the other: those that could be either would be read wrongly, and nobody would notice.
    """
    counts, examples = {True: 0, False: 0}, {True: "", False: ""}
    short = False
    for text in dict.fromkeys(dates):  # a file has far fewer dates than rows
        match = _DATE.fullmatch(text)
        if match is None or len(match[1]) > 2:  # noqa: PLR2004  # a year of four digits
            continue
        short = True
        if (int(match[1]) > 12) is not (int(match[2]) > 12):  # noqa: PLR2004  # no such month
            day_first = int(match[1]) > 12  # noqa: PLR2004  # as above
            counts[day_first] += 1
            examples[day_first] = examples[day_first] or text
    if not short:
        return "year-month-day", False
    if min(counts.values()) > OTHER_ORDERS_MAX * sum(counts.values()):
        raise OrdersError(
            f'its dates stand in two orders: "{examples[True]}" can only be day/month/year, "{examples[False]}" only '
            "month/day/year; export them in one order, best as 2026-11-22"
        )
    return ("month/day/year" if counts[False] > counts[True] else "day/month/year"), not any(counts.values())


def read_date(text: str, order: DateOrder) -> datetime | None:
    """Read one date in its file's order; a year of four digits in front is always year-month-day."""
    at = _date_of(text, order)
    return at if at and at.year in YEARS else None


def _date_of(text: str, order: DateOrder) -> datetime | None:
    with suppress(ValueError, OverflowError):  # a day no month has
        if match := _DATE.fullmatch(text):
            return _numbered(match, order)
        if match := _PLAIN_DATE.fullmatch(text):
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the file tells no zone
        if _SERIAL.fullmatch(text):
            return _SERIAL_FROM + timedelta(seconds=round(float(text) * 86_400))
        if match := _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(match[1]), UTC).replace(tzinfo=None)
        if match := _NAMED_DATE.fullmatch(text.strip()):
            first = [match[part] for part in (1, 2, 3, 4)] if match[1] else [match[part] for part in (6, 5, 7, 8)]
            word, in_month, in_year, rest = first
            if number := _months().get(word.casefold()):
                return _date_of(f"{in_month}/{number}/{in_year}{rest}", "day/month/year")
    return None


def _numbered(match: re.Match[str], order: DateOrder) -> datetime:
    one, two, three = int(match[1]), int(match[2]), int(match[3])
    if len(match[1]) > 2 or order == "year-month-day":  # noqa: PLR2004  # a year of four digits
        year, month, day = one, two, three
    else:
        day, month, year = (one, two, three) if order == "day/month/year" else (two, one, three)
    is_short = year < _CENTURY_FROM and not any(match[place].startswith("000") for place in (1, 3))  # 0001 is none
    hour = int(match[4] or 0)
    if match[7]:
        hour = hour % 12 + (12 if match[7].lower().startswith("p") else 0)
    return datetime(  # noqa: DTZ001  # the file tells no zone
        year + (2000 if is_short else 0), month, day, hour, int(match[5] or 0), int(match[6] or 0)
    )


@cache
def _months() -> Mapping[str, int]:
    """Return the number of every month's name, whole and shortened."""
    return {
        name.casefold().rstrip("."): number
        for language in _MONTH_LANGUAGES
        for width in ("wide", "abbreviated")
        for number, name in Locale(language).months["format"][width].items()
    }


@lru_cache(maxsize=4096)  # a file has few countries and many lines
def market_of(country: str) -> str:
    """Return a country's ISO 3166 code by its English name, or nothing where it is none."""
    name = " ".join(country.split()).casefold()
    if len(name) == 2 and name.isalpha():  # noqa: PLR2004  # a code already
        return name.upper()
    return _COUNTRIES.get(name) or _territories().get(name, "")


def _looked_at(path: Path) -> tuple[int, str, str]:
    """Return a file's size, digest and encoding."""
    digest, size = hashlib.sha256(), 0
    utf8: Decoder | None = codecs.getincrementaldecoder("utf-8-sig")()
    head = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                head = head or chunk[:4096]
                size += len(chunk)
                if size > BYTES_MAX:
                    raise OrdersError(f"{path} is larger than {BYTES_MAX} bytes")
                digest.update(chunk)
                utf8 = _still(utf8, chunk)
    except OSError as error:
        raise OrdersError(f"{path} cannot be read: {error.strerror}") from None
    return size, digest.hexdigest(), _encoding(head, is_utf8=_still(utf8, b"", final=True) is not None)


def _still(
    decoder: codecs.IncrementalDecoder | None, chunk: bytes, *, final: bool = False
) -> codecs.IncrementalDecoder | None:
    """Return the decoder while all it was given can be decoded."""
    try:
        if decoder is not None:
            decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return None
    return decoder


_CODECS = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16", "UTF-16-LE": "utf-16-le", "UTF-16-BE": "utf-16-be"}
_CODECS |= {"Windows-1252": "cp1252"}
_UTF8_MARK = codecs.BOM_UTF8.decode("cp1252")  # in front of a file that was put together from two encodings


def _encoding(head: bytes, *, is_utf8: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    # Without a mark: every second byte of a header in Latin letters is nothing.
    zeros = [head[place::2].count(0) for place in (0, 1)]
    if max(zeros) > len(head) // 4:
        return "UTF-16-BE" if zeros[0] > zeros[1] else "UTF-16-LE"
    return "UTF-8" if is_utf8 else "Windows-1252"


def _opened(path: Path, codec: str) -> TextIOWrapper:
    # Five bytes are nothing in Windows-1252; there they are what they are in Latin-1.
    return path.open(encoding=codec, errors="makegood-latin-1" if codec == "cp1252" else "replace", newline="")


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("makegood-latin-1", _as_latin_1)


class _Lines:
    """The lines of a file, counted; those that a quote nobody closed has swallowed can be read again."""

    def __init__(self, file: TextIO) -> None:
        self._file = iter(file)
        self._again: list[str] = []
        self.taken: list[str] = []  # by the row that is being read
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._file)
        self.taken.append(line)
        self.number += 1
        return line

    def header(self) -> str:
        """Return the first line that says something; spreadsheets may put their separator above it."""
        for line in self:
            if line.removeprefix(_UTF8_MARK).strip() and not _SEPARATOR.match(line):
                return line.removeprefix(_UTF8_MARK)
        return ""

    def give_back(self) -> None:
        """Keep the first line of the row alone."""
        swallowed = self.taken[1:]
        self._again += reversed(swallowed)
        self.number -= len(swallowed)


def _rows(file: TextIO, orders: Orders, columns: Sequence[str] = COLUMNS) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each row with its line, in the columns asked for; one that cannot be taken apart is left out."""
    lines = _Lines(file)
    header = lines.header()
    delimiter = max(",;\t|", key=header.count)
    names = _cells(csv.reader([header], delimiter=delimiter)) or []
    places = _places(names)
    reader, last = csv.reader(lines, delimiter=delimiter), max(places.values())
    wanted = [places[name] for name in columns]
    while (cells := _cells(reader, lines.taken)) != []:
        if cells is not None and not any(cells):
            continue
        orders.rows += 1
        if len(lines.taken) > 1 and (cells is None or len(cells) != len(names)):
            lines.give_back()
            reader = csv.reader(lines, delimiter=delimiter)
            orders.leave_out("a quote that is not closed", lines.number)
        elif cells is None:
            orders.leave_out("not a row of a table", lines.number)
        elif len(cells) <= last:
            orders.leave_out("columns missing", lines.number)
        else:
            yield lines.number, tuple([_plain(cells[place]) for place in wanted])


def _plain(cell: str) -> str:
    return (cell if cell.isprintable() else _CONTROL.sub(" ", cell)).strip()


def _cells(reader: Iterator[list[str]], taken: list[str] | None = None) -> list[str] | None:
    """Return the next row, nothing at the end of the file, or None where there is a row that is none."""
    while True:
        if taken is not None:
            taken.clear()
        try:
            if cells := next(reader):
                return cells
        except StopIteration:
            return []
        except csv.Error:
            return None


def _places(header: Sequence[str]) -> dict[str, int]:
    """Return where each column stands; case and blanks do not matter."""
    words = [re.sub(r"[\s_]", "", name).casefold() for name in header]
    spelt = {ALIASES.get(name, name): place for place, name in reversed(list(enumerate(words)))}
    missing = [name for name in COLUMNS if name.casefold() not in spelt]
    twice = [name for name in COLUMNS if [ALIASES.get(word, word) for word in words].count(name.casefold()) > 1]
    if twice:
        raise OrdersError(f"the first line has {', '.join(twice)} more than once: which one counts cannot be told")
    if missing:
        there = ", ".join(name.strip()[:40] for name in header[:20]) or "nothing"
        raise OrdersError(f"the first line lacks {', '.join(missing)}; it has {_CONTROL.sub(' ', there)}")
    return {name: spelt[name.casefold()] for name in COLUMNS}


class _Reading:
    """Reads rows into order lines; what comes again and again (dates, prices, names) is worked out and kept once."""

    def __init__(self, order: DateOrder, currency: str) -> None:
        self._date = lru_cache(maxsize=KEPT_MAX)(lambda text: read_date(text, order))
        self._price = lru_cache(maxsize=KEPT_MAX)(lambda text: _price_minor(text, currency))
        self._quantity = lru_cache(maxsize=KEPT_MAX)(_number)
        self._product = lru_cache(maxsize=KEPT_MAX)(_product)

    def order_line(self, line: int, cells: Sequence[str]) -> OrderLine | str:
        """Return a row as an order line, or the reason it is none."""
        invoice, code, title, amount, day, each, who, country = cells
        sku, name, flaw = self._product(code, title)
        quantity, price, at = self._quantity(amount), self._price(each), self._date(day)
        customer = intern(who.removesuffix(".0"))
        flaw = (
            flaw or _no_order(invoice, code, who) or _no_figures(quantity, price) or ("" if at else "unreadable date")
        )
        if flaw:
            return flaw
        if not customer:
            return "no customer"
        if quantity is None or price is None or at is None:
            raise AssertionError("each of them has been judged above")
        return OrderLine(line, intern(invoice), sku, name, int(quantity), at, price, customer, market_of(country))


def _product(code: str, title: str) -> tuple[str, str, str]:
    """Return a product's code and name, each kept once, and why it is none."""
    flaw = "" if re.search(r"\w", code) else "no stock code"
    if not flaw and _NO_PRODUCT.fullmatch(title):
        flaw = "not a product (postage, fees, remarks)"
    return intern(code), intern(title[:TITLE_LENGTH_MAX]), flaw


def _no_order(invoice: str, code: str, customer: str) -> str:
    if not invoice:
        return "no invoice number"
    return "an id is too long" if max(len(code), len(invoice), len(customer)) > ID_LENGTH_MAX else ""


def _no_figures(quantity: Decimal | None, price_minor: int | None) -> str:
    if quantity is None or quantity != int(quantity) or quantity > QUANTITY_MAX:
        return "quantity is not a number of units"
    if quantity < 1:
        return "return or correction (quantity below 1)"
    if price_minor is None:
        return "price is not an amount"
    return "price is zero or below" if price_minor < 1 else ""


def _number(text: str) -> Decimal | None:
    """Read a number as spreadsheets write it: `1,234.50`, `1.234,50`, `1 234,50 €`, `4,15` or `4.15`."""
    plain = _NO_FIGURE.sub("", text)
    if "," in plain and "." in plain:  # the last of both stands before the decimals
        plain = plain.replace(min(",.", key=plain.rfind), "")
    elif _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "").replace(".", "")
    plain = plain.replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**12 else None


def _price_minor(text: str, currency: str) -> int | None:
    price = _number(text)
    if price is None:
        return None
    return int((price * 10 ** digits_of(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def _share(seed: int, sku: str) -> float:
    """Return the share of a product's demand that is in stock: even over `STOCK_SHARE`, the same for ever."""
    fraction = int.from_bytes(hashlib.sha256(f"{seed} {sku}".encode()).digest()[:8]) / 2**64
    low, high = STOCK_SHARE
    return low + (high - low) * fraction


_NAMES: dict[str, str] = {}


def _territories() -> Mapping[str, str]:
    if not _NAMES:
        names = Locale("en").territories.items()
        _NAMES.update({name.casefold(): code for code, name in names if len(code) == 2 and code.isalpha()})  # noqa: PLR2004  # countries, not regions
    return _NAMES
