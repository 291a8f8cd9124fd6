"""The patience programme in a few lines of plain Python: no database, no pages, no locks; what must come out."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.patience.support import PATIENCE_TERMS

MIDNIGHT_GRACE = timedelta(minutes=1)
NOTICE = timedelta(days=7)
FLOOR_MINOR = 800  # of the wheel: what an open offer keeps aside
ASIDE_MINOR = {7: 690, 12: 800}  # the dearest last resort of each milestone
TOLD_WITHIN = timedelta(minutes=10)
UNITS_MAX = 5
PRICES = {"sample": 5, "free-shipping": 10}
DAYS_MAX, HOLD_HOURS, EXPIRE_DAYS = 25, 30, 20
TERMS = PATIENCE_TERMS | {"days_max": DAYS_MAX, "hold_hours": HOLD_HOURS, "points_expire_days": EXPIRE_DAYS}


@dataclass
class Waiting:
    """One enrolment as it should be."""

    id: str
    shopper: str
    sku: str
    quantity: int
    zone: ZoneInfo
    points_per_day: int
    safety_stock: int
    created_at: datetime
    latest_promise: date | None
    status: str = "active"
    bonuses: list[datetime] = field(default_factory=list)
    written: set[date] = field(default_factory=set)
    lines: list[tuple[str, date, int]] = field(default_factory=list)  # all but accrual
    milestones: dict[int, str] = field(default_factory=lambda: dict.fromkeys(ASIDE_MINOR, "ahead"))
    hold_ends: datetime | None = None
    held: int = 0
    ended_at: datetime | None = None
    expire_at: datetime | None = None
    erased: bool = False

    def day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def yesterday(self, now: datetime) -> date:
        return self.day(now - MIDNIGHT_GRACE) - timedelta(days=1)

    @property
    def started_on(self) -> date:
        return self.day(self.created_at)

    def days(self, through: date) -> list[date]:
        """Return the days earned once `through` is over, counted one by one."""
        days = (self.started_on + timedelta(days=number) for number in range(DAYS_MAX))
        return [day for day in days if day <= through]

    @property
    def bonus(self) -> int:
        return len(self.bonuses) * int(TERMS["delay_bonus_points"])

    def earned(self, through: date) -> int:
        return int(TERMS["starter_points"]) + self.bonus + self.points_per_day * len(self.days(through))

    @property
    def spent(self) -> int:
        return -sum(points for kind, _day, points in self.lines if kind in {"claim", "reversal"})

    @property
    def balance(self) -> int:
        return sum(points for _kind, _day, points in self.lines) + len(self.written) * self.points_per_day

    def entries(self) -> list[tuple[str, date, int]]:
        return sorted([*self.lines, *(("accrual", day, self.points_per_day) for day in self.written)])

    def is_over(self, now: datetime) -> bool:
        return self.yesterday(now) >= self.started_on + timedelta(days=DAYS_MAX - 1)

    def rank(self, now: datetime) -> tuple[bool, int, datetime]:
        return self.hold_ends is None, self.spent - self.earned(self.yesterday(now)), self.created_at

    def reach(self, through: date) -> None:
        for needed, status in self.milestones.items():
            if status != "ahead":
                continue
            before = [self.started_on - timedelta(days=1), *self.days(through)]
            reached = next((day for day in before if self.earned(day) >= needed), None)
            if reached is None:
                continue
            # Points that came with the welcome or a bonus are there on its day, not on an earlier one.
            given_on = self.day(self.bonuses[-1] if self.bonuses else self.created_at)
            self.milestones[needed] = "reached"
            self.lines.append(("milestone", max(reached, given_on), 0))

    def settle(self, now: datetime) -> None:
        self.written |= set(self.days(self.yesterday(now)))

    def end(self, status: str, now: datetime) -> None:
        self.settle(now)
        self.reach(self.yesterday(now))
        self.milestones = {needed: "missed" if was == "ahead" else was for needed, was in self.milestones.items()}
        self.status, self.ended_at, self.hold_ends = status, now, None
        if self.balance > 0:
            self.expire_at = now + timedelta(days=EXPIRE_DAYS)

    def expires(self, now: datetime) -> datetime:
        """Return when an ended one's points expire, or did."""
        return self.expire_at or (self.ended_at or now) + timedelta(days=EXPIRE_DAYS)

    def give_back(self, now: datetime) -> None:
        """Points return to one that has ended: they live on long enough to be told of."""
        if self.ended_at is not None and self.expire_at is None:
            self.expire_at = max(self.expires(now), now + NOTICE)

    def expire(self, at: datetime) -> None:
        if self.balance > 0:
            self.lines.append(("expiry", self.day(at), -self.balance))
        self.expire_at = None

    def slip(self, promised: date, now: datetime) -> None:
        """Hear a date; a later one than ever before pays a bonus, three times at most, while the waiting lasts."""
        known, self.latest_promise = self.latest_promise, max(promised, self.latest_promise or promised)
        late = known is not None and promised > known
        if not late or len(self.bonuses) == TERMS["delay_bonuses_max"] or self.is_over(now):
            return
        self.reach(self.yesterday(now))
        self.bonuses.append(now)
        self.lines.append(("delay_bonus", self.day(now), int(TERMS["delay_bonus_points"])))
        self.reach(self.yesterday(now))


@dataclass
class Shelf:
    """What the shop last said of one product, and the units bought with a hold."""

    available: int = 0
    expected_on: date | None = None
    as_of: datetime | None = None
    used: list[tuple[datetime, int]] = field(default_factory=list)


@dataclass
class Model:
    """Every enrolment there ever was, and what is on the shelves."""

    waiting: list[Waiting] = field(default_factory=list)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    offers: list[tuple[str, datetime]] = field(default_factory=list)  # open ones: whose, and until when

    def active(self, shopper: str | None = None, sku: str | None = None) -> list[Waiting]:
        return [
            one
            for one in self.waiting
            if one.status == "active" and shopper in (None, one.shopper) and sku in (None, one.sku)
        ]

    def line(self, sku: str, now: datetime) -> list[Waiting]:
        """Return who is served, in order: holds first, then most points, then the longest wait."""
        there = [one for one in self.active(sku=sku) if one.hold_ends or not one.is_over(now)]
        return sorted(there, key=lambda one: one.rank(now))

    def free(self, sku: str) -> int:
        shelf = self.shelves[sku]
        held = sum(one.held for one in self.active(sku=sku) if one.hold_ends)
        return (
            shelf.available - held - sum(units for at, units in shelf.used if shelf.as_of is None or at > shelf.as_of)
        )

    def buy(self, one: Waiting, now: datetime) -> None:
        if one.hold_ends is not None:
            self.shelves[one.sku].used.append((now, one.held))
        one.end("bought", now)

    def react(self, sku: str, now: datetime) -> None:
        """Pay what slipped, take back what is gone from the last in line, then hold what is free."""
        shelf = self.shelves[sku]
        for one in self.active(sku=sku):
            if shelf.expected_on is not None:
                one.slip(shelf.expected_on, now)
        surely = shelf.available == 0 or (shelf.as_of is not None and now - shelf.as_of >= TOLD_WITHIN)
        for one in reversed(self.line(sku, now)):
            if one.hold_ends is not None and surely and self.free(sku) < 0:
                one.hold_ends = None
        for one in self.line(sku, now):
            if one.hold_ends is None:
                there = self.free(sku) - one.safety_stock
                if there < 1:
                    break
                one.hold_ends, one.held = now + timedelta(hours=HOLD_HOURS), min(one.quantity, UNITS_MAX, there)

    def night(self, now: datetime, through: date | None) -> None:
        """Write the days over, or only those up to `through`; grant, end and expire what that brings."""
        for one in self.active():
            until = min(through or date.max, one.yesterday(now))
            one.written |= set(one.days(until))
            one.reach(until)
            if one.is_over(now) and one.hold_ends is None:
                one.end("over", now)
        for one in self.waiting:
            if one.expire_at is not None and one.expire_at <= now:
                one.expire(one.expire_at)

    def minute(self, now: datetime) -> None:
        """End holds and offers whose time is over, and offer what is free to the next."""
        self.offers = [(shopper, until) for shopper, until in self.offers if until > now]
        for one in self.active():
            if one.hold_ends is not None and one.hold_ends <= now:
                one.end("lapsed", now)
        for sku, shelf in self.shelves.items():
            waiting = self.active(sku=sku)
            promised = sum(one.held for one in waiting if one.hold_ends)
            if promised > shelf.available or (shelf.available > 0 and any(one.hold_ends is None for one in waiting)):
                self.react(sku, now)

    def erase(self, shopper: str, now: datetime) -> None:
        self.offers = [(whose, until) for whose, until in self.offers if whose != shopper]
        for one in self.waiting:
            if one.shopper == shopper and not one.erased:
                if one.status == "active":
                    one.end("left", now)
                one.expire(now)
                one.erased = True
