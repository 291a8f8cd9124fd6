"""The rules a shop must publish, from the config alone: who may take part, odds, conditions, and how to check."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from babel.dates import format_date

from engine.campaigns import Config, Version
from engine.messages import Messages
from rewards.catalogue import VipAccess
from rules.conditions import (
    AwardsAtMost,
    CartBetween,
    Categories,
    Condition,
    CurrencyIn,
    DatesBetween,
    MarketIn,
    Segments,
    Skus,
    SpinsAtMost,
    StageIn,
    StockoutWithin,
    When,
)


def rules_text(config: Config, version: Version, messages: Messages) -> str:
    """Return the rules of one campaign as Markdown, in one language."""
    return "\n".join(_Rules(config, version, messages).lines()) + "\n"


class _Rules:
    """One campaign in one language."""

    def __init__(self, config: Config, version: Version, messages: Messages) -> None:
        self._config, self._version, self._messages = config, version, messages

    def lines(self) -> Iterator[str]:
        campaign = self._version.campaign
        yield f"# {self._say('rules-title', campaign=campaign.name, shop=self._config.shop.name)}"
        yield from ("", self._say("rules-organiser", shop=self._config.shop.name))
        yield from ("", f"## {self._say('rules-dates-title')}", "", self._dates())
        yield from ("", f"## {self._say('rules-who-title')}", "", self._say("rules-free"))
        yield from (f"- {line}" for rule in campaign.eligibility if (line := self._condition(rule)))
        if campaign.arm:
            yield f"- {self._say('rules-test')}"
        yield from self._wheel()
        yield from self._rewards()
        if campaign.patience is not None:
            yield from self._patience()
        yield from ("", f"## {self._say('rules-limits-title')}", "", self._budget())
        yield from ("", f"## {self._say('rules-fair-title')}", "", self._say("rules-fair"))
        yield from ("", f"## {self._say('rules-data-title')}", "", self._say("rules-data"))
        yield from ("", self._say("rules-version", digest=self._version.digest[:12]))

    def _say(self, message_id: str, **values: object) -> str:
        return self._messages.text(message_id, **values)

    def _n(self, unit: str, number: int) -> str:
        """Return a number with its unit: `1 day`, `2 days`."""
        return self._say(f"rules-n-{unit}", n=number)

    def _day(self, day: date) -> str:
        return str(format_date(day, format="long", locale=self._messages.locale))

    def _money(self, minor: int) -> str:
        return self._messages.money(int(minor), self._version.currency)

    def _dates(self) -> str:
        campaign, zone = self._version.campaign, self._version.snapshot.time_zone
        if campaign.starts_on and campaign.ends_on:
            starts, ends = self._day(campaign.starts_on), self._day(campaign.ends_on)
            return self._say("rules-dates-both", starts=starts, ends=ends, zone=zone)
        if campaign.ends_on:
            return self._say("rules-dates-until", ends=self._day(campaign.ends_on), zone=zone)
        if campaign.starts_on:
            return self._say("rules-dates-from", starts=self._day(campaign.starts_on), zone=zone)
        return self._say("rules-dates-open")

    def _condition(self, rule: Condition) -> str:
        """Return a condition as a sentence; dates are said apart."""
        kind = str(type(rule).__struct_config__.tag).replace("_", "-")
        match rule:
            case DatesBetween():
                return ""
            case CartBetween():
                return self._cart(rule)
            case Skus() | Categories() | Segments():
                return self._covered(kind, rule)
            case _:
                return self._say(f"rules-if-{kind}", **self._values(rule))

    def _values(self, rule: Condition) -> dict[str, object]:  # noqa: PLR0911  # one kind, one line
        match rule:
            case StageIn():
                return {"stages": self._list(self._say(f"rules-stage-{one.replace('_', '-')}") for one in rule.stages)}
            case MarketIn():
                return {"markets": self._list(rule.markets)}
            case CurrencyIn():
                return {"currencies": self._list(rule.currencies)}
            case SpinsAtMost():
                return {"count": rule.count, "days": self._n("days", rule.window_days)}
            case AwardsAtMost():
                return {"amount": self._money(rule.minor), "days": self._n("days", rule.window_days)}
            case StockoutWithin():
                return {"hours": self._n("hours", rule.hours)}
            case When():
                return {"expression": rule.expression.source}
            case _:
                return {}

    def _cart(self, rule: CartBetween) -> str:
        low = self._messages.money(rule.minor_min, rule.currency)
        if rule.minor_max is None:
            return self._say("rules-if-cart-from", low=low)
        return self._say("rules-if-cart-between", low=low, high=self._messages.money(rule.minor_max, rule.currency))

    def _covered(self, kind: str, rule: Any) -> str:
        parts = []
        if rule.include:
            parts.append(self._say(f"rules-if-{kind}", names=self._list(rule.include)))
        if rule.exclude:
            parts.append(self._say(f"rules-if-{kind}-not", names=self._list(rule.exclude)))
        return " ".join(parts)

    def _list(self, words: Any) -> str:
        return ", ".join(words)

    def _wheel(self) -> Iterator[str]:
        version, table = self._version, self._version.table
        yield from (
            "",
            f"## {self._say('rules-odds-title')}",
            "",
            self._say("rules-odds", hours=self._n("hours", version.campaign.offer_hours)),
            "",
        )
        heads = [self._say(f"rules-column-{one}") for one in ("reward", "odds", "weight", "stock", "gone")]
        yield f"| {' | '.join(heads)} |"
        yield "|---|---:|---:|---:|---|"
        for piece in table.slices:
            stock = version.stocks.get(piece.reward)
            gone = version.when_gone[piece.reward]
            cells = [
                self._label(piece.reward),
                self._messages.percent(piece.weight / table.total_weight),
                f"{piece.weight} / {table.total_weight}",
                "–" if stock is None else self._messages.number(stock),
                "–" if gone is None else self._label(gone),
            ]
            yield f"| {' | '.join(cells)} |"

    def _label(self, reward: str) -> str:
        return self._messages.label(reward, self._version.reward(reward), self._version.currency)

    def _rewards(self) -> Iterator[str]:
        yield from ("", f"## {self._say('rules-rewards-title')}", "")
        for name, terms in self._version.snapshot.rewards.items():
            said = [self._say("rules-valid", days=self._n("days", terms.valid_days))]
            if terms.minimum_basket:
                said.append(self._say("rules-basket", amount=self._money(terms.minimum_basket)))
            if terms.liability:
                said.append(self._say("rules-most", amount=self._money(terms.liability)))
            if isinstance(terms, VipAccess):
                said.append(self._say("rules-event", event=terms.event, day=self._day(terms.on)))
            said.append(self._say("rules-stacks" if terms.stacks else "rules-stacks-not"))
            yield f"- **{self._label(name)}** – {' '.join(said)}"

    def _patience(self) -> Iterator[str]:
        terms = self._version.patience
        yield from ("", f"## {self._say('rules-wait-title')}", "")
        starter, days = self._n("points", terms.starter_points), self._n("days", terms.days_max)
        yield f"- {self._say('rules-wait-points', days=days, daily=terms.points_per_day, starter=starter)}"
        if terms.delay_bonus_points:
            points, times = self._n("points", terms.delay_bonus_points), self._n("times", terms.delay_bonuses_max)
            yield f"- {self._say('rules-wait-slip', points=points, times=times)}"
        for milestone in terms.milestone:
            total = sum(line.weight for line in milestone.surprise)
            what = self._list(self._label(name) for name in milestone.rewards)
            if milestone.surprise:
                odds = ((line.reward, self._messages.percent(line.weight / total)) for line in milestone.surprise)
                what = self._list(f"{self._label(reward)} ({percent})" for reward, percent in odds)
            points = self._n("points", milestone.points)
            yield f"- {self._say('rules-wait-milestone', points=points, reward=what)}"
        for spend in terms.spend:
            points = self._n("points", spend.points)
            yield f"- {self._say('rules-wait-spend', points=points, reward=self._label(spend.reward))}"
        hours, days = self._n("hours", terms.hold_hours), self._n("days", terms.points_expire_days)
        yield f"- {self._say('rules-wait-hold', hours=hours, days=days)}"

    def _budget(self) -> str:
        budget = self._version.campaign.budget
        return self._say(
            "rules-budget", amount=self._money(budget.amount), period=self._say(f"rules-period-{budget.per}")
        )
