"""What one config changes against another: for shoppers and in money, in sentences."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from engine.campaigns import Config, Version
from rewards.catalogue import Reward
from rewards.money import digits_of, format_amount
from rewards.odds import expected_cost_minor
from rewards.patience import Patience
from rules.conditions import Condition
from rules.expression import Expression


def differences(old: Config, new: Config) -> list[str]:
    """Return every change as a sentence, campaigns first; nothing where nothing changes."""
    before = {version.slug: version for version in old.versions}
    after = {version.slug: version for version in new.versions}
    told = [
        *(f'The campaign "{slug}" is new.' for slug in after if slug not in before),
        *(f'The campaign "{slug}" ends: it makes no new offers.' for slug in before if slug not in after),
    ]
    for slug, version in after.items():
        told += of_campaign(before[slug], version) if slug in before else list(_costs_of_new(version))
    told += _of_shop(old, new)
    told += _of_messages(old, new)
    return told


def of_campaign(old: Version, new: Version) -> list[str]:
    """Return what changes from one version of a campaign to the next."""
    told = [*_of_wheel(old, new), *_of_rewards(old, new), *_of_money(old, new), *_of_terms(old, new)]
    told += [*_of_conditions(old, new), *_of_patience(old, new), *_of_arms(old, new)]
    return [f"{new.slug}: {one}" for one in told]


def _costs_of_new(version: Version) -> Iterator[str]:
    mean = _minor_text(expected_cost_minor(version.odds_rows()), version)
    yield f"{version.slug}: a spin costs {mean} on average; the budget is {_budget(version)}."


def _of_wheel(old: Version, new: Version) -> Iterator[str]:
    before = {piece.slice: piece for piece in old.table.slices}
    after = {piece.slice: piece for piece in new.table.slices}
    for name, piece in after.items():
        odds = Fraction(piece.weight, new.table.total_weight)
        if name not in before:
            yield f'shoppers can now win "{name}", {_odds(odds)}.'
            continue
        was = Fraction(before[name].weight, old.table.total_weight)
        if was != odds:
            more = "more" if odds > was else "less"
            yield f'"{name}" becomes {more} likely: {_odds(was)} before, {_odds(odds)} now.'
        if before[name].reward != piece.reward:
            yield f'the slice "{name}" gives "{piece.reward}" instead of "{before[name].reward}".'
    for name in before:
        if name not in after:
            yield f'"{name}" leaves the wheel.'
    if list(before) != list(after) and sorted(before) == sorted(after):
        yield "the slices stand in another order on the wheel."
    for reward in {**old.when_gone, **new.when_gone}:
        if reward in old.when_gone and reward in new.when_gone:
            yield from _of_stock(reward, old, new)


def _of_stock(reward: str, old: Version, new: Version) -> Iterator[str]:
    was, now = old.stocks.get(reward), new.stocks.get(reward)
    if was != now:
        yield f'the stock of "{reward}" is {_units(now)}; it was {_units(was)}.'
    if old.when_gone[reward] != new.when_gone[reward]:
        instead = new.when_gone[reward]
        yield f'once "{reward}" is gone, shoppers get {_quoted(instead)}; it was {_quoted(old.when_gone[reward])}.'


def _of_rewards(old: Version, new: Version) -> Iterator[str]:
    for name, terms in new.snapshot.rewards.items():
        was = old.snapshot.rewards.get(name)
        if was is not None and was != terms:
            changed = "; ".join(_of_reward(was, terms, new))
            yield f'"{name}" changes: {changed}.'


def _of_reward(was: Reward, now: Reward, version: Version) -> Iterator[str]:
    before, after = _fields(was), _fields(now)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            was_said, now_said = (_said(fields.get(name), name, version) for fields in (before, after))
            yield f"{name.replace('_', ' ')} {was_said} → {now_said}"


def _fields(reward: Reward) -> dict[str, Any]:
    kind = {"kind": str(type(reward).__struct_config__.tag)}
    return kind | {name: getattr(reward, name) for name in reward.__struct_fields__}


_AMOUNTS = {"liability", "minimum_basket", "amount"}


def _said(value: Any, name: str, version: Version) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _money(value, version) if name in _AMOUNTS else str(value)


def _of_money(old: Version, new: Version) -> Iterator[str]:
    was, now = (expected_cost_minor(version.odds_rows()) for version in (old, new))
    if was != now:
        change = f" ({float(now / was - 1):+.1%})" if was else ""
        yield f"a spin costs {_minor_text(now, new)} on average instead of {_minor_text(was, old)}{change}."
    worst_was, worst_now = (_worst(version) for version in (old, new))
    if worst_was != worst_now:
        yield f"at worst a spin costs {_money(worst_now, new)} instead of {_money(worst_was, old)}."
    if (old.campaign.budget, old.currency) != (new.campaign.budget, new.currency):
        yield f"the budget is {_budget(new)}; it was {_budget(old)}."


def _budget(version: Version) -> str:
    budget = version.campaign.budget
    return f"{_money(budget.amount, version)} {'in all' if budget.per == 'campaign' else f'a {budget.per}'}"


def _worst(version: Version) -> int:
    return max(
        version.liability_minor(name) for piece in version.campaign.wheel for name in version.chain(piece.reward)
    )


def _of_terms(old: Version, new: Version) -> Iterator[str]:
    words = {
        "name": "its name is {now}; it was {was}",
        "starts_on": "it starts on {now}; it was {was}",
        "ends_on": "its last day is {now}; it was {was}",
        "priority": "its priority is {now}; it was {was}",
        "offer_hours": "shoppers have {now} hours to spin; it was {was}",
    }
    for name, sentence in words.items():
        was, now = getattr(old.campaign, name), getattr(new.campaign, name)
        if was != now:
            yield sentence.format(was="none" if was is None else was, now="none" if now is None else now) + "."
    if old.snapshot.time_zone != new.snapshot.time_zone:
        yield f"its days are those of {new.snapshot.time_zone}; they were those of {old.snapshot.time_zone}."


def _of_conditions(old: Version, new: Version) -> Iterator[str]:
    before, after = list(old.campaign.eligibility), list(new.campaign.eligibility)
    for rule in after:
        if rule not in before:
            yield f"shoppers must now also meet: {_condition(rule)}."
    for rule in before:
        if rule not in after:
            yield f"shoppers need no longer meet: {_condition(rule)}."


def _condition(rule: Condition) -> str:
    shown = {
        name: value
        for name in rule.__struct_fields__
        if (value := getattr(rule, name)) not in (None, (), "")  # what was not written
    }
    words = [f"{name} {_plain(value)}" for name, value in shown.items()]
    return (
        " ".join([str(type(rule).__struct_config__.tag), f"({', '.join(words)})"])
        if words
        else str(type(rule).__struct_config__.tag)
    )


def _plain(value: Any) -> str:
    if isinstance(value, Expression):
        return value.source
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _of_patience(old: Version, new: Version) -> Iterator[str]:
    before, after = old.campaign.patience, new.campaign.patience
    if before == after:
        return
    if before is None or after is None:
        yield "shoppers can now wait and earn points." if before is None else "waiting is no longer offered."
        return
    for name in Patience.__struct_fields__:
        was, now = getattr(before, name), getattr(after, name)
        if was == now:
            continue
        if name in {"milestone", "spend"}:
            yield from _of_points(name, {line.points: line for line in was}, {line.points: line for line in now})
        else:
            yield f"waiting: {name.replace('_', ' ')} is {now}; it was {was}."
    yield "who waits already keeps the terms they started on."


def _of_points(name: str, was: Mapping[int, Any], now: Mapping[int, Any]) -> Iterator[str]:
    word = "milestone" if name == "milestone" else "reward to buy"
    for points in sorted({*was, *now}):
        if was.get(points) != now.get(points):
            verb = "is new" if points not in was else "is gone" if points not in now else "gives something else"
            yield f"waiting: the {word} at {points} points {verb}."


def _of_arms(old: Version, new: Version) -> Iterator[str]:
    before = {arm.name: arm for arm in old.campaign.arm}
    after = {arm.name: arm for arm in new.campaign.arm}
    if not before and after:
        shares = ", ".join(f"{arm.name} {arm.percent} %" for arm in after.values())
        yield f"an experiment begins: {shares}."
    elif before and not after:
        yield "the experiment ends: everybody is offered everything."
    else:
        for name in {**before, **after}:
            was, now = before.get(name), after.get(name)
            if was != now:
                yield f'the arm "{name}" is {_arm(now)}; it was {_arm(was)}. Who is in an arm stays there.'


def _arm(arm: Any) -> str:
    if arm is None:
        return "not there"
    more = [f'giving "{arm.reward}"'] if arm.reward else []
    more += ["with waiting"] if arm.with_patience else []
    return " ".join([f"{arm.percent} %", *more])


def _of_shop(old: Config, new: Config) -> Iterator[str]:
    for name in old.shop.__struct_fields__:
        was, now = getattr(old.shop, name), getattr(new.shop, name)
        if was != now:
            yield f"shop: {name.replace('_', ' ')} is {_shop_value(now)}; it was {_shop_value(was)}."


def _shop_value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, msgspec.Struct):
        return ", ".join(f"{name} {getattr(value, name)}" for name in value.__struct_fields__)
    return str(value)


def _of_messages(old: Config, new: Config) -> Iterator[str]:
    for locale in {**old.messages, **new.messages}:
        was = old.messages[locale].patterns if locale in old.messages else {}
        now = new.messages[locale].patterns if locale in new.messages else {}
        changed = sorted(name for name in {**was, **now} if was.get(name) != now.get(name))
        if changed:
            more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""  # noqa: PLR2004  # enough to know them by
            yield f"messages in {locale}: {', '.join(changed[:5])}{more}."


def _odds(odds: Fraction) -> str:
    return f"{float(odds * 100):.4g} %"


def _money(minor: int, version: Version) -> str:
    return format_amount(int(minor), version.currency)


def _minor_text(minor: Fraction, version: Version) -> str:
    return f"{float(minor / 10 ** digits_of(version.currency)):.2f} {version.currency}"


def _units(stock: int | None) -> str:
    return "unlimited" if stock is None else f"{stock} units"


def _quoted(name: str | None) -> str:
    return "the same still" if name is None else f'"{name}"'
