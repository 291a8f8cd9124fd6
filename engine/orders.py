"""Order lines of a shop's export: read whatever their dirt, and turned into the stockouts they would have met.

Pure but for the reading of one file. A row that is no order is counted by reason, never fatal.
"""

import codecs
import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Literal, NamedTuple, Protocol

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
    r"\s*(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?)?Z?\s*"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_COUNTRIES = {"eire": "IE", "usa": "US", "rsa": "ZA", "channel islands": "JE", "hong kong": "HK"} | {
    "czech republic": "CZ",
    "uk": "GB",
    "great britain": "GB",
    "turkey": "TR",
}
_CENTURY_FROM = 100

DateOrder = Literal["year-month-day", "day/month/year", "month/day/year"]
Row = Mapping[str, str]


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


def read_orders(path: Path, currency: str) -> Orders:
    """Read a file of order lines; raise `OrdersError` where it is none."""
    raw = _bytes(path)
    orders = Orders(digest=hashlib.sha256(raw).hexdigest())
    text, orders.encoding = _decoded(raw)
    # Read twice, so that a million rows are never in memory as tables: once for the order of their dates.
    orders.date_order, orders.date_doubt = date_order(
        row["InvoiceDate"] for _line, row in _rows(text, Orders(), ("InvoiceDate",))
    )
    for line, row in _rows(text, orders):
        told = _order_line(line, row, orders.date_order, currency)
        if isinstance(told, OrderLine):
            orders.lines.append(told)
        else:
            orders.leave_out(told, line)
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


def date_order(dates: Iterator[str]) -> tuple[DateOrder, bool]:
    """Return the order most dates of a file can only be read in, and whether that is a guess."""
    first, second, years = 0, 0, 0
    for text in dates:
        if match := _DATE.fullmatch(text):
            years += len(match[1]) > 2  # noqa: PLR2004  # a year of four digits
            first += len(match[1]) <= 2 and int(match[1]) > 12  # noqa: PLR2004  # no such month
            second += len(match[1]) <= 2 and int(match[2]) > 12  # noqa: PLR2004  # as above
    if years and years >= first + second:
        return "year-month-day", False
    return ("month/day/year", False) if second > first else ("day/month/year", first == second)


def read_date(text: str, order: DateOrder) -> datetime | None:
    """Read one date in its file's order; a year of four digits in front is always year-month-day."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    one, two, three = int(match[1]), int(match[2]), int(match[3])
    if len(match[1]) > 2 or order == "year-month-day":  # noqa: PLR2004  # a year of four digits
        year, month, day = one, two, three
    else:
        day, month, year = (one, two, three) if order == "day/month/year" else (two, one, three)
    hour = int(match[4] or 0)
    if match[7]:
        hour = hour % 12 + (12 if match[7].lower() == "pm" else 0)
    try:
        return datetime(  # noqa: DTZ001  # the file tells no zone
            year + (2000 if year < _CENTURY_FROM else 0), month, day, hour, int(match[5] or 0), int(match[6] or 0)
        )
    except ValueError:
        return None


@lru_cache(maxsize=4096)  # a file has few countries and many lines
def market_of(country: str) -> str:
    """Return a country's ISO 3166 code by its English name, or nothing where it is none."""
    name = " ".join(country.split()).casefold()
    if len(name) == 2 and name.isalpha():  # noqa: PLR2004  # a code already
        return name.upper()
    return _COUNTRIES.get(name) or _territories().get(name, "")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise OrdersError(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > BYTES_MAX:
        raise OrdersError(f"{path} is larger than {BYTES_MAX} bytes")
    return raw


def _decoded(raw: bytes) -> tuple[str, str]:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace"), "UTF-16"
    try:
        return raw.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def _rows(text: str, orders: Orders, columns: Sequence[str] = COLUMNS) -> Iterator[tuple[int, Row]]:
    """Yield each row with its line, in the columns asked for; one that cannot be taken apart is left out."""
    header = text.partition("\n")[0]
    delimiter = max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    places = _places(_next(reader, orders) or [])
    last = max(places.values())
    wanted = [(name, places[name]) for name in columns]
    while (cells := _next(reader, orders)) is not None:
        if not any(cells):
            continue
        orders.rows += 1
        line = reader.line_num
        if len(cells) <= last:
            orders.leave_out("columns missing", line)
            continue
        yield line, {name: _plain(cells[place]) for name, place in wanted}


def _plain(cell: str) -> str:
    return (cell if cell.isprintable() else _CONTROL.sub(" ", cell)).strip()


class _Reader(Protocol):
    @property
    def line_num(self) -> int: ...
    def __next__(self) -> list[str]: ...


def _next(reader: _Reader, orders: Orders) -> list[str] | None:
    try:
        cells = next(reader)
    except StopIteration:
        return None
    except csv.Error:
        orders.rows += 1
        orders.leave_out("not a row of a table", reader.line_num)
        return []
    return cells


def _places(header: Sequence[str]) -> dict[str, int]:
    """Return where each column stands; case and blanks do not matter."""
    spelt = {re.sub(r"[\s_]", "", name).casefold(): place for place, name in reversed(list(enumerate(header)))}
    missing = [name for name in COLUMNS if name.casefold() not in spelt]
    if missing:
        there = ", ".join(name.strip()[:40] for name in header[:20]) or "nothing"
        raise OrdersError(f"the first line lacks {', '.join(missing)}; it has {_CONTROL.sub(' ', there)}")
    return {name: spelt[name.casefold()] for name in COLUMNS}


def _order_line(line: int, row: Row, order: DateOrder, currency: str) -> OrderLine | str:
    """Return a row as an order line, or the reason it is none."""
    quantity = _number(row["Quantity"])
    price = _price_minor(row["UnitPrice"], currency)
    at = read_date(row["InvoiceDate"], order)
    customer = re.sub(r"\.0$", "", row["CustomerID"])
    if flaw := _no_order(row) or _no_figures(quantity, price) or ("" if at else "unreadable date"):
        return flaw
    if not customer:
        return "no customer"
    if quantity is None or price is None or at is None:
        raise AssertionError("each of them has been judged above")
    # Products and customers come again and again: each name is kept once.
    sku, title, customer = map(intern, (row["StockCode"], row["Description"][:TITLE_LENGTH_MAX], customer))
    market = market_of(row["Country"])
    return OrderLine(line, intern(row["InvoiceNo"]), sku, title, int(quantity), at, price, customer, market)


def _no_order(row: Row) -> str:
    if not re.search(r"\w", row["StockCode"]):
        return "no stock code"
    if not row["InvoiceNo"]:
        return "no invoice number"
    if _NO_PRODUCT.fullmatch(row["Description"]):
        return "not a product (postage, fees, remarks)"
    if max(len(row["StockCode"]), len(row["InvoiceNo"]), len(row["CustomerID"])) > ID_LENGTH_MAX:
        return "an id is too long"
    return ""


def _no_figures(quantity: Decimal | None, price_minor: int | None) -> str:
    if quantity is None or quantity != int(quantity) or quantity > QUANTITY_MAX:
        return "quantity is not a number of units"
    if quantity < 1:
        return "return or correction (quantity below 1)"
    if price_minor is None:
        return "price is not an amount"
    return "price is zero or below" if price_minor < 1 else ""


def _number(text: str) -> Decimal | None:
    """Read a number as spreadsheets write it: `1,234.50`, `4,15` or `4.15`."""
    plain = text.replace(" ", "")
    if "," in plain:
        plain = plain.replace(",", "") if "." in plain else plain.replace(",", ".")
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
