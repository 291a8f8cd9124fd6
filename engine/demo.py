"""The demo shop's own server: a pure client of Makegood's HTTP API, to be read as the example of an integration."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote as quoted
from uuid import UUID, uuid4

import httpx
import msgspec
from litestar import Controller, MediaType, Request, Response, Router, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from engine.clock import now
from engine.connectors.webhooks import signature

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

CUSTOMER = "Ada"
RESTOCK_UNITS = 20
SLIP_DAYS = 7
SIGNED_SECONDS_MAX = 300  # an older signature may be a recording
# Older than anything Makegood knows: said at this time, stock is taken only where nothing was said before.
# Announcements that this shop answers with a letter to its customer.
LETTERS = frozenset({"restock.notice", "code.wanted", "order.kept", "order.cancelled"})
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Text = dict[str, str]  # by language
Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Locale = Annotated[str, Meta(pattern="^[A-Za-z0-9-]{2,35}$")]
ShopperId = Annotated[str, Meta(pattern="^demo-[0-9a-f-]{36}$")]


# What the shop sells


class Product(Struct, frozen=True, forbid_unknown_fields=True):
    sku: Sku
    name: Text
    text: Text
    price_minor: int
    categories: list[str]
    image: str
    available: int
    expected_in_days: int | None = None
    reason: str | None = None
    alternatives: list[str] = []
    variant: Text | None = None
    variants: list[str] = []  # of the first one: all of them, itself included
    of: str | None = None  # of the others: the first one, which alone stands in the window
    sells_out_in_basket: bool = False  # for the story: it looks available until it is in the basket


class Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    currency: str
    market: str
    shipping_minor: int
    gifts: dict[str, Text]
    products: list[Product]


def said(text: Text, locale: str) -> str:
    """Return a text in the shopper's language, or in English where the shop has not written it."""
    return text.get(locale.partition("-")[0]) or text["en"]


# What the shop's pages send and get


class Line(Struct, frozen=True):
    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=20)] = 1


class Basket(Struct, frozen=True):
    shopper_id: ShopperId
    locale: Locale
    lines: Annotated[list[Line], Meta(max_length=30)]


class SoldOut(Basket, frozen=True, kw_only=True):
    sku: Sku
    stage: Literal["viewed", "in_cart", "ordered"]


class Kept(Struct, frozen=True):
    """The unit kept for a shopper who waited."""

    sku: Sku
    hold_id: UUID


class CodeEntry(Basket, frozen=True, kw_only=True):
    code: Annotated[str, Meta(min_length=1, max_length=64)]
    kept: Kept | None = None


class Settlement(Struct, frozen=True):
    shopper_id: ShopperId
    redemption_id: str | None = None
    kept: Kept | None = None


class Whose(Struct, frozen=True):
    shopper_id: ShopperId


class Letter(Struct, frozen=True):
    """What this shop sends its customer when Makegood asks it to; `about` is a product or a code."""

    kind: str
    about: str
    to: str | None
    at: datetime


class Quote(Struct, frozen=True):
    """What the basket costs. Sold-out lines are named and not counted."""

    sold_out: list[str]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    total_minor: int


# What Makegood answers, as far as this shop reads it


class Reported(Struct, frozen=True):
    stockout_id: str
    shopper_token: str
    expires_at: str


class Shelf(Struct, frozen=True):
    available: int
    expected_on: date | None = None
    reason: str | None = None


class Announced(Struct, frozen=True):
    """One announcement (docs/integration.md); what this shop does not read, it passes over."""

    type: str
    timestamp: datetime
    data: dict[str, Any]


class Code(Struct, frozen=True):
    label: str


class Redemption(Struct, frozen=True):
    redemption_id: str
    kind: str
    discount_minor: int
    free_shipping: bool
    gift_sku: str | None = None


class Reserved(Struct, frozen=True):
    label: str
    redemption: Redemption
    gift: Text | None
    quote: Quote


class MakegoodError(Exception):
    """Makegood answered, and the answer is no; `code` is the stable one of its problem."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class Makegood:
    """The calls a shop's server makes to Makegood, each a line or two."""

    def __init__(self, engine_url: str, merchant_key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=engine_url, headers={"Authorization": f"Bearer {merchant_key}"}, timeout=10, trust_env=False
        )

    async def say_stock(self, sku: str, shelf: Shelf, as_of: datetime) -> Shelf:
        """Say what is there, and hear what is known: where Makegood knows something newer, that."""
        body = {**msgspec.to_builtins(shelf), "as_of": as_of.isoformat()}
        return msgspec.json.decode(await self._call("PUT", f"/v1/stock/{quoted(sku, safe='')}", body), type=Shelf)

    async def report_stockout(self, body: dict[str, Any]) -> Reported:
        return msgspec.json.decode(await self._call("POST", "/v1/stockouts", body), type=Reported)

    async def look_up(self, code: str) -> Code:
        return msgspec.json.decode(await self._call("GET", f"/v1/codes/{quoted(code, safe='')}"), type=Code)

    async def reserve(self, code: str, body: dict[str, Any]) -> Redemption:
        path = f"/v1/codes/{quoted(code, safe='')}/redemptions"
        return msgspec.json.decode(await self._call("POST", path, body), type=Redemption)

    async def confirm(self, redemption_id: str) -> None:
        await self._call("POST", f"/v1/redemptions/{quoted(redemption_id, safe='')}/confirm")

    async def release(self, redemption_id: str) -> None:
        await self._call("POST", f"/v1/redemptions/{quoted(redemption_id, safe='')}/release")

    async def tell_purchase(self, order_id: str, shopper_id: str, sku: str) -> None:
        body = {"event_id": f"paid-{order_id}", "kind": "purchased", "order_id": order_id}
        await self._call("POST", "/v1/outcomes", {**body, "shopper_id": shopper_id, "sku": sku})

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        answer = await self._client.request(method, path, json=body)
        if answer.is_error:
            problem = msgspec.json.decode(answer.content) if "json" in answer.headers.get("content-type", "") else {}
            raise MakegoodError(answer.status_code, problem.get("code", "unknown"))
        return answer.content


class DemoShop:
    """A shop small enough to read at one sitting. Its orders live in the shopper's own tab, its stock in Makegood."""

    def __init__(self, catalogue: Catalogue, makegood: Makegood) -> None:
        self._catalogue = catalogue
        self._products = {product.sku: product for product in catalogue.products}
        self._shelves: dict[str, Shelf] = {}
        self._makegood = makegood
        self._announced_on: date | None = None
        self._announcing = asyncio.Lock()
        self._met: dict[str, str] = {}  # who met which stockout, so that letters find their way
        self._letters: dict[str, list[Letter]] = {}

    async def catalogue(self) -> Catalogue:
        """Return what is on sale, with what is on the shelves now; the shop stays open where Makegood is silent."""
        with suppress(MakegoodError, httpx.TransportError):
            await self.announce_stock()
        return msgspec.structs.replace(
            self._catalogue, products=[self._now(product) for product in self._products.values()]
        )

    async def announce_stock(self) -> None:
        """Tell Makegood what is on the shelves, once a day; a real shop does so whenever its stock changes."""
        async with self._announcing:
            today = now().date()
            if self._announced_on == today:
                return
            for product in self._catalogue.products:
                await self._announce(product)
            self._announced_on = today

    async def restock(self, sku: Sku) -> Shelf:
        """A delivery of what was missing."""
        await self.announce_stock()
        return await self._say(sku, Shelf(self._shelves[self._product(sku).sku].available + RESTOCK_UNITS))

    async def sell_out(self, sku: Sku) -> Shelf:
        """Sold out again: the story can begin anew."""
        return await self._say(sku, self._first(self._product(sku)))

    async def slip(self, sku: Sku) -> Shelf:
        """Promise a later date: a week after the one that was promised."""
        await self.announce_stock()
        promised = self._shelves[self._product(sku).sku].expected_on or now().date()
        return await self._say(sku, Shelf(0, promised + timedelta(days=SLIP_DAYS), "transport_delay"))

    async def report(self, sold_out: SoldOut) -> Reported:
        """Report that this shopper met a product that is not there; the token lets the browser ask for the offer."""
        await self.announce_stock()
        product, locale = self._product(sold_out.sku), sold_out.locale
        wanted = next((line.quantity for line in sold_out.lines if line.sku == product.sku), 1)
        cart_minor = sum(self._product(line.sku).price_minor * line.quantity for line in sold_out.lines)
        reported = await self._makegood.report_stockout(
            {
                "event_id": f"demo-{uuid4()}",
                "occurred_at": now().isoformat(),
                "shopper": {"id": sold_out.shopper_id, "locale": locale, "first_name": CUSTOMER},
                "sku": product.sku,
                "title": said(product.name, locale),
                "variant": product.variant and said(product.variant, locale),
                "price_minor": product.price_minor,
                "categories": product.categories,
                "quantity": wanted,
                "stage": sold_out.stage,
                "cart": {"total_minor": cart_minor, "currency": self._catalogue.currency},
                "market": self._catalogue.market,
                "restock": self._restock_of(product),
                "alternatives": [self._alternative(self._product(sku), locale) for sku in product.alternatives],
            }
        )
        self._met[reported.stockout_id] = sold_out.shopper_id
        return reported

    def hear(self, announced: Announced) -> None:
        """Write the letter an announcement asks for. A real shop would send it, and cancel what is to be cancelled."""
        data = announced.data
        shopper_id = self._met.get(data.get("stockout_id", ""))
        if shopper_id is None or announced.type not in LETTERS:
            return
        about = str(data.get("code") or data.get("sku"))
        letter = Letter(announced.type.replace(".", "-"), about, data.get("email"), announced.timestamp)
        kept = self._letters.setdefault(shopper_id, [])
        if letter not in kept:  # an announcement may be made twice
            kept.append(letter)

    def letters(self, shopper_id: str) -> list[Letter]:
        return self._letters.get(shopper_id, [])

    def quote(self, lines: Sequence[Line], redemption: Redemption | None = None) -> Quote:
        there = [line for line in lines if self._now(self._product(line.sku)).available >= line.quantity]
        subtotal = sum(self._product(line.sku).price_minor * line.quantity for line in there)
        discount = redemption.discount_minor if redemption else 0
        free = not there or (redemption is not None and redemption.free_shipping)
        shipping = 0 if free else self._catalogue.shipping_minor
        return Quote(
            sold_out=[line.sku for line in lines if line not in there],
            subtotal_minor=subtotal,
            discount_minor=discount,
            shipping_minor=shipping,
            total_minor=subtotal - discount + shipping,
        )

    async def apply_code(self, order_id: str, entry: CodeEntry) -> Reserved:
        """Reserve a code for one order. Until it is paid or cancelled, no other order can use it."""
        code = entry.code.strip()
        found = await self._makegood.look_up(code)
        total_minor = self.quote(entry.lines).subtotal_minor
        redemption = await self._makegood.reserve(
            code,
            {
                "order_id": order_id,
                "shopper_id": entry.shopper_id,
                "cart": {"total_minor": total_minor, "currency": self._catalogue.currency},
                "hold_id": entry.kept and str(entry.kept.hold_id),
            },
        )
        gift = self._catalogue.gifts.get(redemption.gift_sku or "")
        return Reserved(found.label, redemption, gift, self.quote(entry.lines, redemption))

    async def pay(self, order_id: str, settlement: Settlement) -> None:
        """Paid: the code is used for good, and who waited has waited enough. Saying so twice changes nothing."""
        if settlement.redemption_id:
            await self._makegood.confirm(settlement.redemption_id)
        elif settlement.kept:
            await self._makegood.tell_purchase(order_id, settlement.shopper_id, settlement.kept.sku)

    async def cancel(self, settlement: Settlement) -> None:
        """Cancelled: the code is free again, or was already, when its reservation had run out."""
        if not settlement.redemption_id:
            return
        try:
            await self._makegood.release(settlement.redemption_id)
        except MakegoodError as refused:
            if refused.status != httpx.codes.CONFLICT:
                raise

    def _product(self, sku: str) -> Product:
        try:
            return self._products[sku]
        except KeyError:
            raise NotFoundException(f"this shop sells no {sku}") from None

    async def _announce(self, product: Product) -> None:
        """Say what this shop began with, unless Makegood knows better; a date that has passed is moved, as it is."""
        first = self._first(product)
        shelf = await self._makegood.say_stock(product.sku, first, LONG_AGO)
        if shelf.available and product.sells_out_in_basket and product.sku not in self._shelves:
            # A shop that opens again finds the star of the tour sold out, whatever was delivered in the last run.
            shelf = await self._makegood.say_stock(product.sku, first, now())
        if not shelf.available and shelf.expected_on and shelf.expected_on < now().date():
            later = now().date() + timedelta(days=SLIP_DAYS)
            shelf = await self._makegood.say_stock(product.sku, Shelf(0, later, "transport_delay"), now())
        self._shelves[product.sku] = shelf

    async def _say(self, sku: str, shelf: Shelf) -> Shelf:
        product = self._product(sku)
        self._shelves[sku] = await self._makegood.say_stock(product.sku, shelf, now())
        return self._shelves[sku]

    def _first(self, product: Product) -> Shelf:
        if product.expected_in_days is None:
            return Shelf(product.available, None, product.reason)
        return Shelf(product.available, now().date() + timedelta(days=product.expected_in_days), product.reason)

    def _now(self, product: Product) -> Product:
        """The product as its shelf stands. What sells out before one's eyes does so until there is a delivery."""
        shelf = self._shelves.get(product.sku)
        if shelf is None or shelf.available == product.available:
            return product
        return msgspec.structs.replace(product, available=shelf.available, sells_out_in_basket=False)

    def _restock_of(self, product: Product) -> dict[str, Any]:
        shelf = self._shelves[product.sku]
        return {"reason": shelf.reason, "expected_on": shelf.expected_on and shelf.expected_on.isoformat()}

    def _alternative(self, product: Product, locale: str) -> dict[str, Any]:
        return {
            "sku": product.sku,
            "title": ", ".join(said(text, locale) for text in (product.name, product.variant) if text),
            "url": f"/product/{product.sku}",
            "image_url": f"/demo/img/{product.image}",
            "price_minor": product.price_minor,
        }


# The shop over HTTP: its pages, its files and its calls


PAGES = ["/", "/product/{sku:str}", "/basket", "/checkout", "/thanks", "/account", "/order"]


class Pages(Controller):
    """One page for every address; ui/demo/shop.js fills it."""

    include_in_schema = False

    @get(
        ["/", "/product/{sku:str}", "/basket", "/checkout", "/thanks", "/account", "/order"], media_type=MediaType.HTML
    )
    async def page(self, page: bytes) -> Response[bytes]:
        return Response(page)


class Calls(Controller):
    """What the shop's pages ask of the shop's server. A real shop would know its shopper by a session."""

    path = "/demo/api"
    include_in_schema = False

    @get("/catalogue")
    async def catalogue(self, shop: DemoShop) -> Catalogue:
        return await shop.catalogue()

    @post("/stock/{sku:str}/restock", status_code=200)
    async def restock(self, sku: str, shop: DemoShop) -> Shelf:
        return await shop.restock(sku)

    @post("/stock/{sku:str}/sell-out", status_code=200)
    async def sell_out(self, sku: str, shop: DemoShop) -> Shelf:
        return await shop.sell_out(sku)

    @post("/stock/{sku:str}/slip", status_code=200)
    async def slip(self, sku: str, shop: DemoShop) -> Shelf:
        return await shop.slip(sku)

    @post("/stockouts")
    async def report_stockout(self, data: SoldOut, shop: DemoShop) -> Reported:
        return await shop.report(data)

    @post("/quote", status_code=200)
    async def quote(self, data: Basket, shop: DemoShop) -> Quote:
        return shop.quote(data.lines)

    @post("/letters", status_code=200)
    async def letters(self, data: Whose, shop: DemoShop) -> list[Letter]:
        return shop.letters(data.shopper_id)

    @post("/announcements", status_code=204)
    async def hear(self, request: Request[Any, Any, Any], shop: DemoShop, hook_secret: str) -> None:
        """Take an announcement of Makegood's, if it is really one: signed, as Standard Webhooks 1.0 says."""
        body = await request.body()
        name, at = (request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp"))
        if not at.isdecimal() or abs(now().timestamp() - int(at)) > SIGNED_SECONDS_MAX:
            raise NotAuthorizedException("this was signed long ago, or never")
        right = signature(hook_secret, name, int(at), body).encode()
        if not any(compare_digest(one.encode(), right) for one in request.headers.get("webhook-signature", "").split()):
            raise NotAuthorizedException("this is not signed by Makegood")
        shop.hear(msgspec.json.decode(body, type=Announced))

    @post("/orders")
    async def open_order(self) -> dict[str, str]:
        return {"order_id": f"ML-{secrets.randbelow(10**8):08d}"}

    @post("/orders/{order_id:str}/code", status_code=200)
    async def apply_code(self, order_id: str, data: CodeEntry, shop: DemoShop) -> Reserved:
        return await shop.apply_code(order_id, data)

    @post("/orders/{order_id:str}/pay", status_code=200)
    async def pay(self, order_id: str, data: Settlement, shop: DemoShop) -> dict[str, str]:
        await shop.pay(order_id, data)
        return {"order_id": order_id, "status": "paid"}

    @post("/orders/{order_id:str}/cancel", status_code=200)
    async def cancel(self, order_id: str, data: Settlement, shop: DemoShop) -> dict[str, str]:
        await shop.cancel(data)
        return {"order_id": order_id, "status": "cancelled"}


def makegood_refused(_: Request[Any, Any, Any], refused: MakegoodError) -> Response[dict[str, str]]:
    """Pass a refusal on to the page; what is between the two servers alone is no fault of the shopper's."""
    status = refused.status if refused.status in {403, 404, 409, 410} else 502
    return Response({"code": refused.code}, status_code=status)


def makegood_silent(_: Request[Any, Any, Any], __: httpx.TransportError) -> Response[dict[str, str]]:
    return Response({"code": "makegood_unreachable"}, status_code=502)


def demo_routes(
    *, demo_folder: Path, merchant_key: str, engine_url: str, hook_secret: str
) -> list[ControllerRouterHandler]:
    """Return the shop's pages, files and calls. Nothing is asked of the engine until the first shopper comes."""
    catalogue = msgspec.json.decode((demo_folder / "products.json").read_bytes(), type=Catalogue)
    shop = DemoShop(catalogue, Makegood(engine_url, merchant_key))
    page = (demo_folder / "index.html").read_bytes()
    files = create_static_files_router("/demo", [demo_folder], cache_control=CacheControlHeader(no_cache=True))
    return [
        Router(
            "/",
            route_handlers=[Pages, Calls, files],
            dependencies={
                "shop": Provide(lambda: shop, sync_to_thread=False),
                "hook_secret": Provide(lambda: hook_secret, sync_to_thread=False),
                "page": Provide(lambda: page, sync_to_thread=False),
            },
            exception_handlers={
                MakegoodError: makegood_refused,
                httpx.TransportError: makegood_silent,
            },
            response_headers=HEADERS,
        )
    ]
