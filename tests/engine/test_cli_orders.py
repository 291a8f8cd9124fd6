"""Order lines of a shop's export: dirt is counted by reason, dates are read as the file means them, a seed decides."""

from datetime import datetime
from pathlib import Path

import pytest

from engine.orders import STOCK_SHARE, OrderLine, Orders, OrdersError, market_of, read_date, read_orders, run_out

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SOUND = "536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"


def read(tmp_path: Path, text: str | bytes, currency: str = "EUR") -> Orders:
    path = tmp_path / "orders.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_orders(path, currency)


def line(**changes: object) -> OrderLine:
    order = OrderLine(2, "1", "A", "", 1, datetime(2010, 12, 1, 8), 100, "c", "GB")  # noqa: DTZ001  # as files have it
    return order._replace(**changes)  # type: ignore[arg-type]  # each by its own name


def test_a_sound_row_is_an_order_line(tmp_path: Path) -> None:
    orders = read(tmp_path, HEADER + SOUND)
    at = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001  # as the file has it
    assert orders.lines == [OrderLine(2, "536365", "85123A", "WHITE HANGING HEART", 6, at, 255, "17850", "GB")]
    assert (orders.rows, dict(orders.dirt), orders.encoding) == (1, {}, "UTF-8")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,A,X,1,2010-12-01 08:26:00,1.00,,France", "no customer"),
        ("1,A,X,-1,2010-12-01 08:26:00,1.00,5,France", "return or correction (quantity below 1)"),
        ("C1,A,X,0,2010-12-01 08:26:00,1.00,5,France", "return or correction (quantity below 1)"),
        ("1,A,X,1.5,2010-12-01 08:26:00,1.00,5,France", "quantity is not a number of units"),
        ("1,A,X,many,2010-12-01 08:26:00,1.00,5,France", "quantity is not a number of units"),
        ("1,A,X,99999999,2010-12-01 08:26:00,1.00,5,France", "quantity is not a number of units"),
        ("1,A,X,NaN,2010-12-01 08:26:00,1.00,5,France", "quantity is not a number of units"),
        ("1,A,X,1,2010-12-01 08:26:00,0,5,France", "price is zero or below"),
        ("1,A,X,1,2010-12-01 08:26:00,-3,5,France", "price is zero or below"),
        ("1,A,X,1,2010-12-01 08:26:00,free,5,France", "price is not an amount"),
        ("1,A,X,1,2010-12-01 08:26:00,Infinity,5,France", "price is not an amount"),
        ("1,A,X,1,yesterday,1.00,5,France", "unreadable date"),
        ("1,A,X,1,2010-02-30 08:26:00,1.00,5,France", "unreadable date"),
        ("1,,X,1,2010-12-01 08:26:00,1.00,5,France", "no stock code"),
        ("1,..,X,1,2010-12-01 08:26:00,1.00,5,France", "no stock code"),
        (",A,X,1,2010-12-01 08:26:00,1.00,5,France", "no invoice number"),
        (f"1,{'A' * 200},X,1,2010-12-01 08:26:00,1.00,5,France", "an id is too long"),
        ("1,A,???missing,1,2010-12-01 08:26:00,1.00,5,France", "not a product (postage, fees, remarks)"),
        ("1,POST,POSTAGE,1,2010-12-01 08:26:00,1.00,5,France", "not a product (postage, fees, remarks)"),
        ("1,A,X", "columns missing"),
        (f"1,A,{'X' * 200_000},1,2010-12-01 08:26:00,1.00,5,France", "not a row of a table"),
    ],
)
def test_a_dirty_row_is_counted_by_its_reason_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    orders = read(tmp_path, f"{HEADER}{SOUND}{row}\n\n{SOUND}")
    assert len(orders.lines) == 2
    assert orders.rows == 3
    assert {name: (dirt.rows, dirt.example_line) for name, dirt in orders.dirt.items()} == {reason: (1, 3)}


@pytest.mark.parametrize(
    ("dates", "order", "doubt"),
    [
        (["2010-12-01 08:26:00", "2011-01-31T10:00"], "year-month-day", False),
        (["1/12/2010 8:26", "31/1/2011 10:00"], "day/month/year", False),
        (["12/1/2010 8:26", "1/31/2011 10:00"], "month/day/year", False),
        (["12/1/10 8:26 AM", "1/31/11 10:00 PM"], "month/day/year", False),
        (["1/12/2010 8:26", "2/1/2011 10:00"], "day/month/year", True),
    ],
)
def test_day_and_month_are_told_apart_by_the_whole_file(
    tmp_path: Path, dates: list[str], order: str, *, doubt: bool
) -> None:
    rows = "".join(f"1,A,X,1,{date},1.00,5,France\n" for date in dates)
    orders = read(tmp_path, HEADER + rows)
    assert (orders.date_order, orders.date_doubt) == (order, doubt)
    assert len(orders.lines) == 2
    assert orders.lines[0].at.month == 12


def test_hours_before_and_after_noon_are_read() -> None:
    assert str(read_date("1/31/2011 12:05 AM", "month/day/year")) == "2011-01-31 00:05:00"
    assert str(read_date("1/31/2011 1:05 pm", "month/day/year")) == "2011-01-31 13:05:00"


def test_columns_may_stand_in_any_order_and_spelling(tmp_path: Path) -> None:
    text = "\ufeffcountry;Customer ID;UNITPRICE;Invoice_Date;Quantity;Description;StockCode;InvoiceNo;More\n"
    text += "EIRE;7;4,15;2011-10-06;2;Tasse;T-1;9;x\n"
    [order] = read(tmp_path, text).lines
    assert (order.market, order.customer, order.price_minor, order.sku) == ("IE", "7", 415, "T-1")


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_other_encodings_are_told_apart_and_read(tmp_path: Path, codec: str, told: str, ending: str) -> None:
    text = HEADER + SOUND.replace("HEART", "C\u0152UR \xe0 12 \u20ac") + SOUND
    orders = read(tmp_path, text.replace("\n", ending).encode(codec))
    assert (orders.encoding, [one.line for one in orders.lines]) == (told, [2, 3])
    assert orders.lines[0].title == "WHITE HANGING C\u0152UR \xe0 12 \u20ac"


def test_bytes_that_are_nothing_in_windows_1252_are_read_all_the_same(tmp_path: Path) -> None:
    orders = read(tmp_path, (HEADER + SOUND).encode().replace(b"HEART", b"HE\x81RT \xe9"))
    assert orders.lines[0].title == "WHITE HANGING HE RT \xe9"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2010-12-01 08:26",
            "2010-12-01T08:26:00+01:00",
            "2010-12-01T08:26:00.000Z",
            "20101201T0826",
            "01.12.2010 08:26",
        ),
        *(
            "1 Dec 2010 08:26",
            "1-Dec-10 8:26",
            "Dec 1, 2010 8:26 AM",
            "1 d\xe9c. 2010 08:26",
            "1 d\xe9cembre 2010 08:26",
        ),
        *("Wed, 01 Dec 2010 08:26:00 GMT", "mer. 1 d\xe9cembre 2010 08:26", "Wed Dec 1 2010 08:26", "1291191960"),
        *("1291191960000", "2010-12-01 08:26 UTC+01:00"),
        *("40513.351389", "1/12/2010, 08:26", "2010/12/01 08:26 UTC"),
    ],
)
def test_dates_are_read_however_they_are_written(tmp_path: Path, text: str) -> None:
    [order] = read(tmp_path, HEADER + f'1,A,X,1,"{text}",1.00,5,France\n').lines
    assert order.at.replace(second=0) == datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001  # as the file has it


def test_a_quote_nobody_closed_takes_its_own_row_alone(tmp_path: Path) -> None:
    held = SOUND.replace("WHITE HANGING", '"WHITE, or\nred"')
    for open_quote in (SOUND.replace("WHITE", '"WHITE'), '"' + SOUND):
        orders = read(tmp_path, HEADER + held + open_quote + SOUND * 3 + held + SOUND)
        assert [one.line for one in orders.lines] == [3, 5, 6, 7, 9, 10], "and a line break inside quotes is none"
        assert {name: (one.rows, one.example_line) for name, one in orders.dirt.items()} == {
            "a quote that is not closed": (1, 4)
        }


def test_what_spreadsheets_put_above_the_columns_is_passed_over(tmp_path: Path) -> None:
    orders = read(tmp_path, "\ufeffsep=;\n\n" + (HEADER + SOUND).replace(",", ";"))
    assert [one.line for one in orders.lines] == [4]


def test_dates_in_two_orders_are_refused_with_one_of_each(tmp_path: Path) -> None:
    rows = [f"1,A,X,1,{date},1.00,5,France\n" for date in ("13/02/2011", "02/14/2011", "03/04/2011")]
    with pytest.raises(OrdersError, match=r'"13/02/2011" can only be day/month/year, "02/14/2011" only month/day/year'):
        read(tmp_path, HEADER + "".join(rows))


def test_a_year_in_front_is_read_beside_any_order(tmp_path: Path) -> None:
    dates = ["2011-02-03", "2011-02-04", "2011-02-05", "13/02/2011"]
    orders = read(tmp_path, HEADER + "".join(f"1,A,X,1,{date},1.00,5,France\n" for date in dates))
    assert (orders.date_order, [one.at.day for one in orders.lines]) == ("day/month/year", [3, 4, 5, 13])
    assert {one.at.month for one in orders.lines} == {2}


def test_a_slip_among_many_dates_is_dirt(tmp_path: Path) -> None:
    dates = [f"{1 + number % 28}/{1 + number // 28 % 12}/{2000 + number // 336}" for number in range(2000)]
    rows = "".join(f"1,A,X,1,{date},1.00,5,France\n" for date in [*dates, "02/14/2011"])
    orders = read(tmp_path, HEADER + rows)
    assert (orders.date_order, len(orders.lines)) == ("day/month/year", 2000)
    assert orders.dirt["unreadable date"].example_line == 2002


def test_a_date_in_no_century_of_this_shop_is_dirt(tmp_path: Path) -> None:
    """The weeks between are told one by one, up to the last a calendar has."""
    years = ("9999-12-31", "0001-01-01", "2206-05-01", "31 Dec 9999")
    orders = read(tmp_path, HEADER + SOUND + "".join(f"1,A,X,1,{day},1.00,5,France\n" for day in years))
    assert len(orders.lines) == 1
    assert orders.dirt["unreadable date"].rows == len(years)


def test_a_file_with_a_mark_of_utf_8_and_other_bytes_is_read(tmp_path: Path) -> None:
    text = (HEADER + SOUND.replace("HEART", "CAF\xc9")).encode("cp1252")
    assert len(read(tmp_path, b"\xef\xbb\xbf" + text).lines) == 1


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    for again in ("InvoiceDate", "Price"):
        with pytest.raises(OrdersError, match="more than once"):
            read(tmp_path, HEADER.rstrip() + f",{again}\n" + SOUND.rstrip() + ",1\n")


def test_newer_exports_name_their_columns_otherwise(tmp_path: Path) -> None:
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    assert len(read(tmp_path, header + SOUND).lines) == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "there is no row below the first line"),
        ("\n\n", "there is no row below the first line"),
        (
            "1,A,X,1,soon,1.00,5,France\n",
            r"none of the 1 rows is an order line \(unreadable date: 1, first at line 2\)",
        ),
    ],
)
def test_a_file_without_an_order_line_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    with pytest.raises(OrdersError, match=said):
        read(tmp_path, HEADER + rows).refuse_empty()


def test_how_much_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + SOUND * 20_000)
    told: list[float] = []
    read_orders(path, "EUR", told.append)
    assert told == sorted(told)
    assert len(told) == 3
    assert 0.4 < told[0] < 0.6
    assert told[-1] == 1


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        *(("1,234.50", 123450), ("1.234,50", 123450), ("1\u202f234,50 €", 123450), ("1'234.50", 123450)),
        *(("1.234.567,89", 123456789), ("1,234,567", 123456700), ("£2.55", 255), ("4,15", 415)),
    ],
)
def test_amounts_are_read_as_they_are_written_anywhere(tmp_path: Path, written: str, minor: int) -> None:
    row = f"1;A;X;1;2010-12-01;{written};5;France\n"
    [order] = read(tmp_path, HEADER.replace(",", ";") + row).lines
    assert order.price_minor == minor


def test_amounts_are_in_the_currency_s_own_minor_units(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + SOUND, "JPY").lines[0].price_minor == 3
    assert read(tmp_path, HEADER + SOUND, "KWD").lines[0].price_minor == 2550


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"a,b,c\n1,2,3\n", b"InvoiceNo,StockCode\n1,A\n", b"\n\n"])
def test_a_file_without_the_columns_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(OrdersError, match=r"the first line lacks .*Country; it has "):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrdersError, match="cannot be read"):
        read_orders(tmp_path / "nowhere.csv", "EUR")


def test_countries_become_iso_codes() -> None:
    names = ["United Kingdom", "france", " EIRE ", "USA", "RSA", "de", "Hong Kong", "Unspecified", "European Community"]
    assert [market_of(name) for name in names] == ["GB", "FR", "IE", "US", "ZA", "DE", "HK", "", ""]


def test_each_product_runs_out_for_the_last_part_of_its_demand() -> None:
    day = datetime(2010, 12, 1)  # noqa: DTZ001  # as files have it
    lines = [line(line=number, at=day.replace(day=1 + number // 10), invoice=str(number)) for number in range(200)]
    plot = run_out(lines, seed=1)
    low, high = STOCK_SHARE
    assert 200 * (1 - high) <= len(plot.missed) <= 200 * (1 - low) + 1
    assert [one.order.line for one in plot.missed] == list(range(200 - len(plot.missed), 200))
    assert (plot.products, plot.ran_out) == (1, ["A"])


def test_the_same_seed_is_the_same_plot_and_another_is_another() -> None:
    lines = [line(line=number, sku=f"S{number % 7}", quantity=1 + number % 5) for number in range(500)]
    assert run_out(lines, seed=1) == run_out(list(reversed(lines)), seed=1)
    assert run_out(lines, seed=1) != run_out(lines, seed=2)


def test_a_basket_is_its_invoice_so_far() -> None:
    lines = [line(line=number, sku=f"S{number}", invoice="one", quantity=2) for number in (1, 2, 3)]
    assert [one.cart_minor for one in run_out(lines, seed=1).missed] == [200, 400, 600]
