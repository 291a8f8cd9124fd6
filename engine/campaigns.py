"""Loads `config/`: whole and sound, or refused with file, line and the nearest right word."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from babel.numbers import list_currencies

from engine.messages import Messages, is_locale, read_messages
from engine.toml_files import ConfigError, DecHook, Problem, TomlFile, nearest, shown
from rewards.arms import WHOLE, Arm, arm_of, flaw_of
from rewards.catalogue import AmountOff, Catalogue, Reward, RewardId
from rewards.money import BadAmountError, Currency, Minor, parse_amount
from rewards.odds import WheelSlice, expected_cost_minor, fallbacks
from rewards.patience import Patience
from rewards.wheel import TOTAL_WEIGHT_MAX, Slice, Table, Weight
from rules.conditions import AnyCondition, BudgetLeft, Condition, DatesBetween
from rules.expression import Expression
from rules.reasons import SPIN_LIMITS

OFFER_HOURS_MAX = 168
CAMPAIGNS_MAX = 200
SLUG_LENGTH_MAX = 64
_SLUG = re.compile(rf"[\w-]{{1,{SLUG_LENGTH_MAX}}}")

Part = TypeVar("Part")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Change = Annotated[int, msgspec.Meta(ge=-100, le=1000)]
PerMinute = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Calls a minute before the answer is 429."""

    token_per_minute: PerMinute = 60
    shopper_per_minute: PerMinute = 120
    address_per_minute: PerMinute = 600
    key_per_minute: PerMinute = 6000
    code_misses_per_minute: PerMinute = 60


class Targets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the report holds its figures against: changes are of the holdout's figure, levels the arm's own."""

    abandonment_change_percent: Change = -15
    csat_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 80
    nps: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 50
    alternatives_change_percent: Change = 10
    alerts_change_percent: Change = 10
    complaints_change_percent: Change = -20
    margin_change_percent: Change = 0


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`shop.toml`: what holds for every campaign."""

    name: Text
    currency: Currency
    time_zone: str
    locales: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    allowed_origins: tuple[str, ...] = ()
    jurisdiction: Literal["FR", "EU", "UK", "US"] = "EU"
    reservation_minutes: Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 60)] = 30
    delivery_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 5  # how long an order usually takes
    low_stock: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 5
    targets: Targets = Targets()
    limits: Limits = Limits()


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most a campaign may owe in one period, worst case counted."""

    amount: Minor
    per: Literal["day", "week", "month", "campaign"]


class CampaignSlice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[wheel]]` of a campaign."""

    reward: RewardId
    weight: Weight
    slice: RewardId | None = None  # its name; the reward's where none is given
    stock: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None
    when_gone: RewardId | None = None


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of `campaigns/`."""

    name: Text
    budget: Budget
    wheel: Annotated[tuple[CampaignSlice, ...], msgspec.Meta(min_length=1, max_length=64)]
    starts_on: date | None = None
    ends_on: date | None = None
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] = 0  # the highest eligible campaign makes the offer
    time_zone: str | None = None
    offer_hours: Annotated[int, msgspec.Meta(ge=1, le=OFFER_HOURS_MAX)] = 24
    eligibility: tuple[AnyCondition, ...] = ()
    patience: Patience | None = None
    arm: Annotated[tuple[Arm, ...], msgspec.Meta(max_length=6)] = ()  # none: everybody gets everything

    def __post_init__(self) -> None:
        if flaw := flaw_of(self.arm):
            raise ValueError(flaw)
        if self.patience is None and any(arm.name == "patience" or arm.with_patience for arm in self.arm):
            raise ValueError("`arm` offers waiting, and the campaign has no [patience]")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("`ends_on` is before `starts_on`")


class Snapshot(msgspec.Struct, frozen=True):
    """Everything an offer depends on, as stored for ever with its digest."""

    slug: str
    campaign: Campaign
    rewards: Catalogue
    currency: Currency
    time_zone: str


@dataclass(frozen=True)
class Version:
    """One immutable published state of one campaign, ready to be asked."""

    snapshot: Snapshot

    @property
    def slug(self) -> str:
        return self.snapshot.slug

    @property
    def campaign(self) -> Campaign:
        return self.snapshot.campaign

    @property
    def currency(self) -> str:
        return self.snapshot.currency

    @property
    def patience(self) -> Patience:
        """The patience programme; raises `LookupError` where the campaign has none."""
        if self.campaign.patience is None:
            raise LookupError(f"campaign {self.slug} has no patience programme")
        return self.campaign.patience

    @cached_property
    def body(self) -> bytes:
        return msgspec.json.encode(self.snapshot, enc_hook=_plain, order="sorted")

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @classmethod
    def stored(cls, body: bytes) -> "Version":
        version = cls(msgspec.json.decode(body, type=Snapshot, dec_hook=_from_stored))
        # The stored bytes, not what this code would write: a version keeps its digest when a setting is added.
        version.__dict__["body"] = body
        return version

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.snapshot.time_zone)

    @cached_property
    def rules(self) -> tuple[Condition, ...]:
        """The conditions every campaign has, then its own."""
        dates = DatesBetween(starts_on=self.campaign.starts_on, ends_on=self.campaign.ends_on)
        return (dates, BudgetLeft(), *self.campaign.eligibility)

    @cached_property
    def table(self) -> Table:
        return Table.of(
            [Slice(piece.reward, piece.slice or piece.reward, piece.weight) for piece in self.campaign.wheel]
        )

    @cached_property
    def when_gone(self) -> dict[str, str | None]:
        return {piece.reward: piece.when_gone for piece in self.campaign.wheel}

    @cached_property
    def stocks(self) -> dict[str, int]:
        """Units of each limited reward."""
        return {piece.reward: piece.stock for piece in self.campaign.wheel if piece.stock is not None}

    @cached_property
    def floor_minor(self) -> int:
        """What is kept aside with each offer, so that no win is nothing."""
        return self.worst_minor(piece.reward for piece in self.campaign.wheel)

    @cached_property
    def needed_minor(self) -> int:
        """What must be left of the budget for an offer to be what it says, whatever its arm.

        The wheel's floor, its cheapest slice, and the sure reward: one bound for all arms, so that a budget that runs
        out does not leave other shoppers in one arm than in the next.
        """
        cheapest = min(self.liability_minor(piece.reward) for piece in self.campaign.wheel)
        return max(self.floor_minor, cheapest, self.liability_minor(self.sure) if self.sure else 0)

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        return self.campaign.arm or WHOLE

    @cached_property
    def sure(self) -> str | None:
        """The reward of the arm `sure`, where there is one."""
        return next((arm.reward or sure_id(self.slug) for arm in self.arms if arm.name == "sure"), None)

    def arm(self, name: str | None) -> Arm | None:
        return next((arm for arm in self.arms if arm.name == name), None)

    def arm_of(self, digest: bytes) -> Arm:
        return arm_of(self.arms, digest)

    def aside_minor(self, arm: str | None) -> int:
        """What is kept aside with an offer of this arm until it is settled."""
        if arm == "wheel":
            return self.floor_minor
        return self.liability_minor(self.sure) if arm == "sure" and self.sure else 0

    def patience_left(self, arm: str | None, reasons: Iterable[Mapping[str, Any]]) -> Patience | None:
        """The terms of waiting beside these reasons against a wheel: a limit of spins says nothing against waiting."""
        return self.patience_in(arm) if {reason["code"] for reason in reasons} <= SPIN_LIMITS else None

    def patience_in(self, arm: str | None) -> Patience | None:
        """The terms of waiting of an offer in this arm, where it has any; in no arm, those that a refusal may leave."""
        if arm is None:  # who is in no arm of an experiment is given nothing that its holdout is not
            return None if self.campaign.arm else self.campaign.patience
        mine = self.arm(arm)
        waits = mine is not None and (mine.name == "patience" or mine.with_patience)
        return self.campaign.patience if waits else None

    def reward(self, reward_id: str) -> Reward:
        return self.snapshot.rewards[reward_id]

    def liability_minor(self, reward_id: str) -> int:
        return int(self.reward(reward_id).liability)

    def chain(self, reward_id: str) -> list[str]:
        """Return what the shopper is owed for `reward_id`, then what replaces it, in order."""
        return self._chains.get(reward_id) or fallbacks(reward_id, self.when_gone)

    @cached_property
    def _chains(self) -> dict[str, list[str]]:
        """Every spin asks for one of these."""
        return {reward: fallbacks(reward, self.when_gone) for reward in self.when_gone}

    def local_day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def day_over(self, day: date) -> datetime:
        """Return the instant at which a local day is over, whatever the clocks do that night."""
        following = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return following.astimezone(UTC)

    def worst_minor(self, reward_ids: Iterable[str]) -> int:
        """The most that the last resort of any of these rewards costs."""
        return max(self.liability_minor(self.chain(reward_id)[-1]) for reward_id in reward_ids)

    def budget_period(self, instant: datetime) -> date:
        """Return the first local day of the budget period that `instant` is in."""
        day = self.local_day(instant)
        match self.campaign.budget.per:
            case "day":
                return day
            case "week":
                return day - timedelta(days=day.weekday())
            case "month":
                return day.replace(day=1)
            case "campaign":
                return date(1970, 1, 1)

    def odds_rows(self) -> list[WheelSlice]:
        return [
            WheelSlice(
                piece.slice or piece.reward,
                piece.reward,
                piece.weight,
                self.liability_minor(piece.reward),
                piece.stock,
                piece.when_gone,
            )
            for piece in self.campaign.wheel
        ]


@dataclass(frozen=True)
class Config:
    """All of `config/`, sound."""

    shop: Shop
    rewards: Catalogue
    versions: tuple[Version, ...]  # highest priority first
    messages: Mapping[str, Messages]

    @cached_property
    def digest(self) -> str:
        parts = [version.digest for version in self.versions]
        parts += [msgspec.json.encode(self.shop).decode(), *(str(m.patterns) for m in self.messages.values())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def load(folder: Path) -> Config:
    """Read the whole folder; raise `ConfigError` naming every problem found in it."""
    if not folder.is_dir():
        raise ConfigError(
            [Problem(str(folder), 1, 1, "is not a folder; --config or MAKEGOOD_CONFIG names the config folder")]
        )
    problems: list[Problem] = []
    shop = _sound(problems, lambda: _shop(folder)) or _any_shop(folder)
    rewards = _sound(problems, lambda: _rewards(folder, shop))
    messages = _sound(problems, lambda: read_messages(folder, shop.locales)) or {}
    versions = list(_versions(folder, shop, rewards, problems))
    problems += _second_catalogues(folder, rewards)
    if problems or rewards is None:
        raise ConfigError(problems)
    versions.sort(key=lambda version: (-version.campaign.priority, version.slug))
    return Config(shop, rewards, tuple(versions), messages)


@cache
def _zones() -> set[str]:
    """Return every time zone; finding them walks a folder of hundreds of files."""
    return available_timezones()


def _any_shop(folder: Path) -> Shop:
    """Stand in for a shop that is not sound, so that the other files are judged all the same."""
    there = tuple(path.stem for path in (folder / "messages").glob("*.ftl") if is_locale(path.stem))
    return Shop(name="?", currency="EUR", time_zone="UTC", locales=there)


def _sound(problems: list[Problem], read: Callable[[], Part]) -> Part | None:
    """Return what is read, or None where it is not sound; what is wrong with it is added to `problems`."""
    try:
        return read()
    except ConfigError as error:
        problems += error.problems
        return None


def _shop(folder: Path) -> Shop:
    file = TomlFile(folder / "shop.toml", "shop.toml")
    shop: Shop = file.read(Shop, _from_file("EUR"))
    problems = []
    if shop.time_zone not in _zones():
        problems.append(_unknown_zone(file, shop.time_zone))
    if shop.currency not in (known := list_currencies()):
        message = f'unknown currency "{shop.currency}"; {nearest(shop.currency, known)}'
        problems.append(file.problem(("currency",), message))
    problems += [
        file.problem(("locales", place), message)
        for place, locale in enumerate(shop.locales)
        if (message := _locale_flaw(folder, locale))
    ]
    problems += [
        file.problem(("allowed_origins", place), f'"{origin}" is not an origin such as "https://shop.example"')
        for place, origin in enumerate(shop.allowed_origins)
        if not _is_origin(origin)
    ]
    if problems:
        raise ConfigError(problems)
    return shop


def _locale_flaw(folder: Path, locale: str) -> str:
    if not is_locale(locale):
        return f'unknown locale "{locale}"; expected one such as "fr" or "pt-BR"'
    if not (folder / "messages" / f"{locale}.ftl").is_file():
        there = [path.stem for path in (folder / "messages").glob("*.ftl")]
        return f'locale "{locale}" has no file messages/{locale}.ftl; {nearest(locale, there)}'
    return ""


def _rewards(folder: Path, shop: Shop) -> Catalogue:
    rewards: Catalogue = TomlFile(folder / "rewards.toml", "rewards.toml").read(Catalogue, _from_file(shop.currency))
    return rewards


def _second_catalogues(folder: Path, rewards: Catalogue | None) -> Iterator[Problem]:
    """Yield files that look like a second catalogue: nobody would see that one of two definitions is not read."""
    by_name = {*folder.glob("reward*.toml"), *folder.glob("reward*/*.toml")}
    others = (by_name | set(folder.glob("[!.]*.toml"))) - {folder / "rewards.toml", folder / "shop.toml"}
    for path in sorted(others):
        name = str(path.relative_to(folder))
        try:
            file = TomlFile(path, name)
        except ConfigError as error:
            yield from error.problems if path in by_name else ()
            continue
        if path not in by_name and not any(map(_is_reward, file.data.values())):
            continue
        twice = [reward for reward in file.data if rewards is not None and reward in rewards]
        said = f'defines "{twice[0]}", which rewards.toml has too; ' if twice else ""
        message = f"{said}rewards stand in rewards.toml alone: move them there and remove this file"
        yield file.problem((twice[0],), message) if twice else Problem(name, 1, 1, message)


def _is_reward(value: object) -> bool:
    kinds = [kind.__struct_config__.tag for kind in get_args(Reward)]
    return isinstance(value, dict) and value.get("kind") in kinds


def campaign_paths(folder: Path) -> list[Path]:
    """Return the files of campaigns; editors leave hidden ones, links to nowhere too, beside the one they write."""
    return sorted(path for path in (folder / "campaigns").glob("*.toml") if not path.name.startswith("."))


def _versions(folder: Path, shop: Shop, rewards: Catalogue | None, problems: list[Problem]) -> Iterator[Version]:
    """Yield every sound campaign; without a sound catalogue the campaigns are judged by themselves."""
    paths = campaign_paths(folder)
    if not paths or len(paths) > CAMPAIGNS_MAX:
        problems.append(Problem("campaigns", 1, 1, f"holds {len(paths)} campaigns; expected 1 to {CAMPAIGNS_MAX}"))
        return
    for path in paths:
        try:
            file = _campaign_file(path)
            campaign: Campaign = file.read(Campaign, _from_file(shop.currency))
        except ConfigError as error:
            problems += error.problems
            continue
        flaws = list(_campaign_flaws(file, campaign, rewards))
        problems += flaws
        if rewards is not None and not flaws:
            used = {name for _key, name in _named_rewards(campaign)}
            terms = {name: rewards[name] for name in sorted(used)}
            zone = campaign.time_zone or shop.time_zone
            version = Version(Snapshot(path.stem, campaign, terms, shop.currency, zone))
            yield _with_sure_reward(version) if version.sure and version.sure not in terms else version


def sure_id(slug: str) -> str:
    """Return the id of the reward that is made for an arm `sure` which names none."""
    return f"sure-{slug}"


def _with_sure_reward(version: Version) -> Version:
    """Add the flat amount that costs as much as a spin of the wheel does on average."""
    amount = Minor(max(1, round(expected_cost_minor(version.odds_rows()))))
    days = min(version.reward(piece.reward).valid_days for piece in version.campaign.wheel)
    reward = AmountOff(amount=amount, liability=amount, valid_days=days)
    rewards = {**version.snapshot.rewards, sure_id(version.slug): reward}
    return Version(msgspec.structs.replace(version.snapshot, rewards=rewards))


def _campaign_file(path: Path) -> TomlFile:
    # Its name is written with every offer and award, and typed at the command line.
    if not _SLUG.fullmatch(path.stem):
        name = f"campaigns/{path.name}".encode(errors="replace").decode()
        message = "a campaign's file is named in letters, digits, - and _, at most 64 of them"
        raise ConfigError([Problem(name, 1, 1, message)])
    return TomlFile(path, f"campaigns/{path.name}")


def _named_rewards(campaign: Campaign) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every place of a campaign that names a reward."""
    for place, piece in enumerate(campaign.wheel):
        yield ("wheel", place, "reward"), piece.reward
        if piece.when_gone is not None:
            yield ("wheel", place, "when_gone"), piece.when_gone
    for place, milestone in enumerate(campaign.patience.milestone if campaign.patience else ()):
        if milestone.reward is not None:
            yield ("patience", "milestone", place, "reward"), milestone.reward
        for row, surprise in enumerate(milestone.surprise):
            yield ("patience", "milestone", place, "surprise", row, "reward"), surprise.reward
    for place, spend in enumerate(campaign.patience.spend if campaign.patience else ()):
        yield ("patience", "spend", place, "reward"), spend.reward
    for place, arm in enumerate(campaign.arm):
        if arm.reward is not None:
            yield ("arm", place, "reward"), arm.reward


def _campaign_flaws(file: TomlFile, campaign: Campaign, rewards: Catalogue | None) -> Iterator[Problem]:
    unknown = [] if rewards is None else [(key, name) for key, name in _named_rewards(campaign) if name not in rewards]
    for key, name in unknown:
        yield file.problem(key, f'unknown reward "{name}"; {nearest(name, rewards or ())}')
    if campaign.time_zone is not None and campaign.time_zone not in _zones():
        yield _unknown_zone(file, campaign.time_zone)
    yield from _name_flaws(file, campaign)
    if sum(piece.weight for piece in campaign.wheel) > TOTAL_WEIGHT_MAX:
        yield file.problem(("wheel", 0), f"the weights of a wheel add up to {TOTAL_WEIGHT_MAX} at most")
    if rewards is not None and not unknown:
        yield from _fallback_flaws(file, campaign, rewards)


def _name_flaws(file: TomlFile, campaign: Campaign) -> Iterator[Problem]:
    names: set[str] = set()
    for place, piece in enumerate(campaign.wheel):
        name = piece.slice or piece.reward
        if name in names:
            yield file.problem(("wheel", place), f'a second slice named "{name}"; give it its own `slice = "…"`')
        names.add(name)
    first: dict[str, int] = {}
    for place, piece in enumerate(campaign.wheel):
        earlier = campaign.wheel[first.setdefault(piece.reward, place)]
        if (earlier.stock, earlier.when_gone) != (piece.stock, piece.when_gone):
            yield file.problem(
                ("wheel", place),
                f'another `stock` or `when_gone` for "{piece.reward}"; slices of one reward share both',
            )


def _fallback_flaws(file: TomlFile, campaign: Campaign, rewards: Catalogue) -> Iterator[Problem]:
    when_gone = {piece.reward: piece.when_gone for piece in campaign.wheel}
    floors, wheel_sound = [0], True
    for place, piece in enumerate(campaign.wheel):
        if piece.stock is not None and piece.when_gone is None:
            message = f'"{piece.reward}" has a `stock` and no `when_gone`: say what a shopper gets once it is gone'
            yield file.problem(("wheel", place, "stock"), message)
            wheel_sound = False
            continue
        try:
            last = fallbacks(piece.reward, when_gone)[-1]
        except ValueError as error:
            yield file.problem(("wheel", place, "when_gone"), str(error))
            wheel_sound = False
            continue
        floors.append(int(rewards[last].liability))
    cheapest = min(int(rewards[piece.reward].liability) for piece in campaign.wheel)
    sure = [int(rewards[arm.reward].liability) for arm in campaign.arm if arm.reward is not None]
    if wheel_sound and campaign.budget.amount < max(*floors, cheapest, *sure):
        yield file.problem(("budget", "amount"), "the budget cannot pay for a single spin")


def _unknown_zone(file: TomlFile, zone: str) -> Problem:
    return file.problem(("time_zone",), f'unknown time zone "{zone}"; {nearest(zone, _zones())}')


def _is_origin(origin: str) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and bool(host) and not set(host) & set("/?#@ ")


def _from_file(currency: str) -> DecHook:
    def decode(type_: type, value: Any) -> Any:
        if type_ is Minor:
            if not isinstance(value, str):
                raise BadAmountError(f'expected an amount in quotes such as "4.50", got {shown(value)}')
            return parse_amount(value, currency)
        if not isinstance(value, str):
            raise ValueError(f"expected an expression in quotes, got {shown(value)}")  # noqa: TRY004  # msgspec words ValueErrors
        return Expression(value)

    return decode


def _from_stored(type_: type, value: Any) -> Any:
    return type_(value)


def _plain(value: Any) -> Any:
    return value.source if isinstance(value, Expression) else int(value)
