"""Findings about a config that loads: nothing in it is misspelt, and still it may not do what its author wants."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import msgspec

from engine.campaigns import Campaign, Config, Version
from engine.desk import law
from engine.desk.law import Level
from engine.desk.reach import never_met
from engine.toml_files import ConfigError, Key, Problem, TomlFile
from rewards.catalogue import Reward, VipAccess
from rewards.money import format_amount
from rewards.odds import expected_cost_minor
from rules.conditions import CartBetween, Categories, CurrencyIn, MarketIn, Segments, Skus, StageIn
from rules.reasons import Code

SPINS_A_DAY_MIN = 100
RARE_FROM = 1_000_000
SURE_APART_MAX = Fraction(1, 10)
NAMED_MAX = 8
_PERIOD_DAYS = {"day": 1, "week": 7, "month": 30, "campaign": 1}
_LEVELS: dict[Level, int] = {"error": 0, "warning": 1, "note": 2}


class Finding(msgspec.Struct, frozen=True):
    """One finding: what it is called, where it stands, why it matters and how to mend it."""

    code: str
    level: Level
    file: str
    line: int
    column: int
    message: str
    mend: str

    def __str__(self) -> str:
        place = Problem(self.file, self.line, self.column, f"{self.level} [{self.code}] {self.message}; {self.mend}")
        return str(place)


class _Places:
    """Where things stand in the files of a folder that has been loaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TomlFile | None] = {}

    def finding(self, name: str, key: Key, code: str, level: Level, message: str, mend: str) -> Finding:  # noqa: PLR0917  # where, what, how bad, why, what to do
        if name not in self._files:
            try:
                self._files[name] = TomlFile(self._folder / name, name)
            except ConfigError:  # changed since it was loaded
                self._files[name] = None
        file = self._files[name]
        at = file.problem(key, message) if file else Problem(name, 1, 1, message)
        return Finding(code, level, name, at.line, at.column, message, mend)


def lint(config: Config, folder: Path, *, today: date) -> list[Finding]:
    """Return every finding, the gravest first."""
    places = _Places(folder)
    found = [
        *(finding for version in config.versions for finding in _of_campaign(places, version, today)),
        *_of_rewards(places, config, today),
        *_overlaps(places, config.versions, today),
        *_of_messages(config),
        *_of_law(places, config),
    ]
    return sorted(found, key=lambda one: (_LEVELS[one.level], one.file, one.line, one.column, one.code))


def _of_campaign(places: _Places, version: Version, today: date) -> Iterator[Finding]:
    name = f"campaigns/{version.slug}.toml"

    def found(key: Key, code: str, level: Level, message: str, mend: str) -> Finding:
        return places.finding(name, key, code, level, message, mend)

    yield from (found(*told) for told in _of_odds(version))
    yield from (found(*told) for told in _never_seen(version, today))
    yield from (found(*told) for told in _never_met(version, today))
    yield from (found(*told) for told in _of_budget(version))
    yield from (found(*told) for told in _of_patience(version))
    yield from (found(*told) for told in _given_too_late(version, today))
    yield from (found(*told) for told in _of_arms(version))
    yield from (found(*told) for told in _cannot_be_used(version))


Told = tuple[Key, str, Level, str, str]


def _of_odds(version: Version) -> Iterator[Told]:
    total = version.table.total_weight
    if str(total).strip("0") != "1" and len(version.campaign.wheel) > 1:
        first = version.campaign.wheel[0]
        percent = float(Fraction(first.weight, total) * 100)
        yield (
            ("wheel", 0, "weight"),
            "odds-sum",
            "note",
            f"the weights add up to {total}, so weight {first.weight} reads as {percent:.4g} %",
            "weights that add up to 100 or 1000 read as percentages",
        )


def _never_seen(version: Version, today: date) -> Iterator[Told]:
    campaign = version.campaign
    if campaign.ends_on and campaign.ends_on < today:
        message = f"the campaign ended on {campaign.ends_on}: nobody will see it"
        yield ("ends_on",), "never-seen", "warning", message, "give it a later `ends_on`, or remove the file"
    if version.arm("wheel") is None:
        yield ("arm", 0), "never-seen", "warning", "no arm has the wheel: nobody will see it", 'add an arm "wheel"'
    opens = max(today, campaign.starts_on or today)
    for place, piece in enumerate(campaign.wheel):
        terms = version.reward(piece.reward)
        odds = Fraction(piece.weight, version.table.total_weight)
        gives = f'the slice "{piece.slice or piece.reward}"'
        if piece.stock == 0:
            message = f"{gives} has no stock: nobody will ever get it"
            yield ("wheel", place, "stock"), "never-seen", "warning", message, "give it stock, or take it off the wheel"
        elif isinstance(terms, VipAccess) and terms.on < opens:
            message = f"{gives} is for {terms.on}, which is over: nobody will ever get it"
            yield ("wheel", place), "never-seen", "warning", message, "give the event a later day in rewards.toml"
        elif terms.liability > campaign.budget.amount:
            message = f"{gives} may cost {_money(terms.liability, version)}, more than the whole budget: never granted"
            yield ("wheel", place), "never-seen", "warning", message, "raise the budget, or lower the `liability`"
        elif odds < Fraction(1, RARE_FROM):
            message = f"{gives} is 1 in {round(1 / odds)}: almost nobody will ever see it"
            yield ("wheel", place, "weight"), "never-seen", "warning", message, "give it more weight, or take it off"


def _never_met(version: Version, today: date) -> Iterator[Told]:
    for place, message in never_met(version.campaign, today=today):
        mend = "mend a value, or take a condition out: as it is, the campaign lets nobody in"
        yield ("eligibility", place), "never-met", "warning", message, mend


def _of_budget(version: Version) -> Iterator[Told]:
    budget = version.campaign.budget
    spins, least, most = _fewest_spins(version, int(budget.amount) // _PERIOD_DAYS[budget.per])
    if 0 < spins < SPINS_A_DAY_MIN:
        of_period = "a day's budget" if budget.per != "campaign" else "the whole budget"
        wins = "1 spin that wins" if spins == 1 else f"{spins} spins that win"
        amounts = _money(most, version) if least == most else f"{_money(least, version)} to {_money(most, version)}"
        mend = (
            f"raise the budget, lower the dearest `liability`, or limit it with `stock` (aim: {SPINS_A_DAY_MIN} spins)"
        )
        yield ("budget",), "budget-in-few-spins", "warning", f"{wins} {amounts} can use up {of_period}", mend


def _fewest_spins(version: Version, left: int) -> tuple[int, int, int]:
    """Return how few wins use up a day's budget, the dearest first as far as their stock goes, and what they cost."""
    names = {name for piece in version.campaign.wheel for name in version.chain(piece.reward)}
    costs = {name: version.liability_minor(name) for name in names}
    granted = {name: cost for name, cost in costs.items() if 0 < cost <= version.campaign.budget.amount}
    spins, least = 0, 0
    for name in sorted(granted, key=lambda name: (-granted[name], name)):
        fit = left // granted[name] or int(not spins)  # a month's budget may pay for more than a day's share at once
        units = min(fit, version.stocks.get(name, fit))
        if units:
            spins, least, left = spins + units, granted[name], left - units * granted[name]
        if units == fit:
            return spins, least, max(granted.values())
    return 0, 0, 0


def _of_patience(version: Version) -> Iterator[Told]:
    terms = version.campaign.patience
    if terms is None:
        return
    most = terms.starter_points + terms.days_max * terms.points_per_day
    most += terms.delay_bonus_points * terms.delay_bonuses_max
    needed = [("milestone", place, line.points) for place, line in enumerate(terms.milestone)]
    needed += [("spend", place, line.points) for place, line in enumerate(terms.spend)]
    for part, place, points in needed:
        if points > most:
            message = f"{points} points are out of reach: waiting earns {most} at the very most"
            mend = "lower `points`, or raise `days_max` or `points_per_day`"
            yield ("patience", part, place, "points"), "never-reached", "warning", message, mend


def _given_too_late(version: Version, today: date) -> Iterator[Told]:
    """Yield what waiting or the sure arm gives of events that are over; the wheel's are told among its slices."""
    terms = version.campaign.patience
    named: list[tuple[Key, str]] = [
        (("arm", place), arm.reward) for place, arm in enumerate(version.campaign.arm) if arm.reward is not None
    ]
    for place, line in enumerate(terms.milestone if terms else ()):
        named += [(("patience", "milestone", place), reward) for reward in line.rewards]
    named += [(("patience", "spend", place), line.reward) for place, line in enumerate(terms.spend if terms else ())]
    for key, reward in named:
        event = version.reward(reward)
        if isinstance(event, VipAccess) and event.on < max(today, version.campaign.starts_on or today):
            message = f'"{reward}" is for {event.on}, which is over'
            yield key, "cannot-be-used", "warning", message, "give the event a later day in rewards.toml"


def _of_arms(version: Version) -> Iterator[Told]:
    arms = version.campaign.arm
    if arms and not {"holdout", "nothing"} & {arm.name for arm in arms}:
        message = "there is no holdout: nothing will say whether this earns more than doing nothing"
        yield ("arm", 0), "no-holdout", "warning", message, 'add an arm "holdout", of 10 percent or so'
    expected = expected_cost_minor(version.odds_rows())
    for place, arm in enumerate(arms):
        if arm.name == "sure" and arm.reward is not None and expected:
            apart = abs(version.liability_minor(arm.reward) - expected) / expected
            if apart > SURE_APART_MAX:
                costs = _money(version.liability_minor(arm.reward), version)
                message = f"the sure reward costs {costs}, a spin {_money(round(expected), version)} on average"
                mend = "leave `reward` out: an amount of the same cost is made for you"
                yield ("arm", place, "reward"), "sure-not-equal", "warning", message, mend


def _cannot_be_used(version: Version) -> Iterator[Told]:
    most = min(
        (rule.minor_max for rule in version.campaign.eligibility if isinstance(rule, CartBetween) and rule.minor_max),
        default=None,
    )
    for place, piece in enumerate(version.campaign.wheel):
        least = int(version.reward(piece.reward).minimum_basket)
        if most is not None and least > most:
            baskets = f"a basket of {_money(least, version)}, and none above {_money(most, version)} may spin"
            message = f'"{piece.reward}" needs {baskets}'
            yield ("wheel", place), "cannot-be-used", "warning", message, "lower its `minimum_basket` in rewards.toml"


def _of_rewards(places: _Places, config: Config, today: date) -> Iterator[Finding]:
    used = {name for version in config.versions for name in version.snapshot.rewards}
    for name, terms in config.rewards.items():
        for key, code, level, message, mend in _of_reward(name, terms, config, today, is_used=name in used):
            yield places.finding("rewards.toml", (name, *key), code, level, message, mend)


def _of_reward(name: str, terms: Reward, config: Config, today: date, *, is_used: bool) -> Iterator[Told]:
    if not is_used:
        yield (), "unused-reward", "note", f'no campaign gives "{name}"', "remove it, or put it on a wheel"
        return
    if terms.valid_days <= config.shop.delivery_days:
        delivery = _days(config.shop.delivery_days)
        message = (
            f'"{name}" is valid for {_days(terms.valid_days)}, and a delivery takes {delivery}: '
            "it will often be over before its shopper is back"
        )
        yield ("valid_days",), "cannot-be-used", "warning", message, "make `valid_days` longer than the delivery"
    if isinstance(terms, VipAccess):
        over = today + timedelta(days=terms.valid_days)
        if terms.on > over:
            message = f'"{name}" is for {terms.on}, and a code given today is over on {over}'
            days = (terms.on - today).days + 1
            yield ("valid_days",), "cannot-be-used", "warning", message, f"set `valid_days` to {days} at least"


def _overlaps(places: _Places, versions: Sequence[Version], today: date) -> Iterator[Finding]:
    """Yield pairs that can both say yes; `versions` stand in the order they are asked."""
    for place, first in enumerate(versions):
        for second in versions[place + 1 :]:
            if not _meet(first.campaign, second.campaign, today):
                continue
            name = f"campaigns/{second.slug}.toml"
            if _lets_in_all(first.campaign, second.campaign):
                message = (
                    f'overlaps "{first.slug}", which is asked first and lets in everybody this one does: '
                    "nobody will see this one"
                )
                mend = f'raise its `priority` above {first.campaign.priority}, or narrow "{first.slug}"'
                yield places.finding(name, ("priority",), "overlap", "warning", message, mend)
                continue
            same = first.campaign.priority == second.campaign.priority
            how = "by the alphabet alone" if same else f"by priority {first.campaign.priority}"
            message = f'overlaps "{first.slug}", which is asked first {how}'
            mend = "give one of them another `priority`, other days or other conditions"
            yield places.finding(name, ("priority",), "overlap", "warning" if same else "note", message, mend)


def _meet(one: Campaign, other: Campaign, today: date) -> bool:
    starts = max(one.starts_on or today, other.starts_on or today, today)
    ends = [end for end in (one.ends_on, other.ends_on) if end is not None]
    if ends and min(ends) < starts:
        return False
    return not any(_exclude_each_other(mine, theirs) for mine in one.eligibility for theirs in other.eligibility)


_SETS: dict[type, str] = {StageIn: "stages", MarketIn: "markets", CurrencyIn: "currencies"}


def _exclude_each_other(mine: Any, theirs: Any) -> bool:
    """Whether two conditions can never both hold, as far as can be told from the file."""
    if type(mine) is not type(theirs):
        return False
    if name := _SETS.get(type(mine)):
        return not set(getattr(mine, name)) & set(getattr(theirs, name))
    if isinstance(mine, CartBetween):
        return _apart(mine, theirs) or _apart(theirs, mine)
    if isinstance(mine, Skus | Segments | Categories):
        plain = not any("*" in word for word in (*mine.include, *theirs.include))
        one_each = isinstance(mine, Skus) and plain and bool(mine.include) and bool(theirs.include)
        apart = one_each and not set(mine.include) & set(theirs.include)
        return apart or _shut_out(mine.include, theirs.exclude) or _shut_out(theirs.include, mine.exclude)
    return False


def _apart(low: CartBetween, high: CartBetween) -> bool:
    return low.currency != high.currency or (low.minor_max is not None and low.minor_max < high.minor_min)


def _shut_out(include: Iterable[str], exclude: Iterable[str]) -> bool:
    wanted = set(include)
    return bool(wanted) and wanted <= set(exclude)


def _lets_in_all(first: Campaign, second: Campaign) -> bool:
    begins = first.starts_on is None or (second.starts_on is not None and first.starts_on <= second.starts_on)
    ends = first.ends_on is None or (second.ends_on is not None and second.ends_on <= first.ends_on)
    return begins and ends and all(rule in second.eligibility for rule in first.eligibility)


def _of_messages(config: Config) -> Iterator[Finding]:
    needed = {f"reason-{code.replace('_', '-')}" for code in get_args(Code)}
    needed |= {f"label-{str(kind.__struct_config__.tag).replace('_', '-')}" for kind in get_args(Reward)}
    for messages in config.messages.values():
        needed |= set(messages.patterns)
    for locale, messages in config.messages.items():
        if missing := sorted(needed - set(messages.patterns)):
            more = f" and {len(missing) - NAMED_MAX} more" if len(missing) > NAMED_MAX else ""
            message = f"has no {', '.join(missing[:NAMED_MAX])}{more}"
            mend = "add the sentences: shoppers would read another language"
            yield Finding("missing-message", "warning", f"messages/{locale}.ftl", 1, 1, message, mend)


def _of_law(places: _Places, config: Config) -> Iterator[Finding]:
    jurisdiction = config.shop.jurisdiction
    for version in config.versions:
        name = f"campaigns/{version.slug}.toml"
        asked: tuple[tuple[law.Term, list[int], str], ...] = (
            ("purchase-required", law.purchase_places(version.campaign), "only those who have ordered may take part"),
            (
                "bundled-consent",
                law.consent_places(version.campaign),
                "only those who agreed to advertising may take part",
            ),
        )
        for term, found, said in asked:
            if rule := law.RULES.get((jurisdiction, term)):
                for place in found:
                    message = f"{said}; {jurisdiction}: {rule.why}"
                    yield places.finding(name, ("eligibility", place), term, rule.level, message, law.MEND[term])
    for locale, messages in config.messages.items():
        name = f"messages/{locale}.ftl"
        rule = law.RULES.get((jurisdiction, "hidden-odds"))
        if rule and law.odds_hidden(messages):
            message = f'"widget-more-odds" does not say the odds; {jurisdiction}: {rule.why}'
            line = messages.lines.get("widget-more-odds", 1)
            yield Finding("hidden-odds", rule.level, name, line, 1, message, law.MEND["hidden-odds"])
        rule = law.RULES.get((jurisdiction, "bundled-consent"))
        for one in law.consent_messages(messages) if rule else ():
            message = (
                f'"{one}" asks for consent to advertising with the spin; {jurisdiction}: {rule.why if rule else ""}'
            )
            mend = law.MEND["bundled-consent"]
            yield Finding(
                "bundled-consent", rule.level if rule else "note", name, messages.lines[one], 1, message, mend
            )


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _money(minor: int, version: Version) -> str:
    return format_amount(int(minor), version.currency)
