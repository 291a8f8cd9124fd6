"""What one config changes against another: for shoppers and in money, in sentences of any language."""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec

from engine.campaigns import Config, Version
from engine.desk.sentences import Day, Money, Percent, Sentence, Value, Words, mean_money, sentence
from rewards.catalogue import Reward
from rewards.odds import expected_cost_minor
from rewards.patience import Patience
from rules.conditions import Condition
from rules.expression import Expression

NAMED_MAX = 5
_AMOUNTS = {"liability", "minimum_basket", "amount"}


def differences(old: Config, new: Config) -> list[Sentence]:
    """Return every change as a sentence, campaigns first; nothing where nothing changes."""
    before = {version.slug: version for version in old.versions}
    after = {version.slug: version for version in new.versions}
    found = [
        *(sentence("change-campaign-new", campaign=slug) for slug in after if slug not in before),
        *(sentence("change-campaign-ends", campaign=slug) for slug in before if slug not in after),
    ]
    for slug, version in after.items():
        found += of_campaign(before[slug], version) if slug in before else [_costs_of_new(version)]
    found += _of_shop(old, new)
    found += _of_messages(old, new)
    return found


def of_campaign(old: Version, new: Version) -> list[Sentence]:
    """Return what changes from one version of a campaign to the next."""
    found = [*_of_wheel(old, new), *_of_rewards(old, new), *_of_money(old, new), *_of_terms(old, new)]
    found += [*_of_conditions(old, new), *_of_patience(old, new), *_of_arms(old, new)]
    return [sentence("change-of-campaign", campaign=new.slug, what=one) for one in found]


def _costs_of_new(version: Version) -> Sentence:
    mean = mean_money(expected_cost_minor(version.odds_rows()), version.currency)
    return sentence("change-costs-of-new", campaign=version.slug, mean=mean, budget=_budget(version))


def _of_wheel(old: Version, new: Version) -> Iterator[Sentence]:
    before = {piece.slice: piece for piece in old.table.slices}
    after = {piece.slice: piece for piece in new.table.slices}
    for name, piece in after.items():
        odds = Fraction(piece.weight, new.table.total_weight)
        if name not in before:
            yield sentence("change-slice-new", slice=name, odds=Percent(float(odds)))
            continue
        was = Fraction(before[name].weight, old.table.total_weight)
        if was != odds:
            more = "change-odds-more" if odds > was else "change-odds-less"
            yield sentence(more, slice=name, was=Percent(float(was)), now=Percent(float(odds)))
        if before[name].reward != piece.reward:
            yield sentence("change-slice-gives", slice=name, now=piece.reward, was=before[name].reward)
    for name in before:
        if name not in after:
            yield sentence("change-slice-leaves", slice=name)
    if list(before) != list(after) and sorted(before) == sorted(after):
        yield sentence("change-slices-order")
    for reward in {**old.when_gone, **new.when_gone}:
        if reward in old.when_gone and reward in new.when_gone:
            yield from _of_stock(reward, old, new)


def _of_stock(reward: str, old: Version, new: Version) -> Iterator[Sentence]:
    was, now = old.stocks.get(reward), new.stocks.get(reward)
    if was != now:
        yield sentence("change-stock", reward=reward, now=_units(now), was=_units(was))
    if old.when_gone[reward] != new.when_gone[reward]:
        before, after = (_instead(version.when_gone[reward]) for version in (old, new))
        yield sentence("change-when-gone", reward=reward, now=after, was=before)


def _of_rewards(old: Version, new: Version) -> Iterator[Sentence]:
    for name, terms in new.snapshot.rewards.items():
        was = old.snapshot.rewards.get(name)
        if was is not None and was != terms:
            yield sentence("change-reward", reward=name, what=Words(tuple(_of_reward(was, terms, new)), "; "))


def _of_reward(was: Reward, now: Reward, version: Version) -> Iterator[Sentence]:
    before, after = _fields(was), _fields(now)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            was_said, now_said = (_said(fields.get(name), name, version) for fields in (before, after))
            yield sentence("change-field", field=_field(name), was=was_said, now=now_said)


def _fields(reward: Reward) -> dict[str, Any]:
    kind = {"kind": str(type(reward).__struct_config__.tag)}
    return kind | {name: getattr(reward, name) for name in reward.__struct_fields__}


def _field(name: str) -> Sentence:
    return sentence(f"field-{name.replace('_', '-')}")


def _said(value: Any, name: str, version: Version) -> Value:
    """Return a setting's value as a reader is told it."""
    match value:
        case None | ():
            told: Value = sentence("word-none")
        case bool():
            told = sentence("word-yes" if value else "word-no")
        case int():
            told = Money(int(value), version.currency) if name in _AMOUNTS else int(value)
        case date():
            told = Day(value)
        case _:
            told = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return told


def _of_money(old: Version, new: Version) -> Iterator[Sentence]:
    was, now = (expected_cost_minor(version.odds_rows()) for version in (old, new))
    if was != now:
        means = {"now": mean_money(now, new.currency), "was": mean_money(was, old.currency)}
        change = {"change": Percent(float(now / was - 1), signed=True)} if was else {}
        yield sentence("change-mean-by" if was else "change-mean", **means, **change)
    worst_was, worst_now = (_worst(version) for version in (old, new))
    if worst_was != worst_now:
        yield sentence("change-worst", now=Money(int(worst_now), new.currency), was=Money(int(worst_was), old.currency))
    if (old.campaign.budget, old.currency) != (new.campaign.budget, new.currency):
        yield sentence("change-budget", now=_budget(new), was=_budget(old))


def _budget(version: Version) -> Sentence:
    budget = version.campaign.budget
    return sentence(f"budget-per-{budget.per}", amount=Money(int(budget.amount), version.currency))


def _worst(version: Version) -> int:
    return max(
        version.liability_minor(name) for piece in version.campaign.wheel for name in version.chain(piece.reward)
    )


def _of_terms(old: Version, new: Version) -> Iterator[Sentence]:
    for name in ("name", "starts_on", "ends_on", "priority", "offer_hours"):
        was, now = getattr(old.campaign, name), getattr(new.campaign, name)
        if was != now:
            told_was, told_now = (_said(value, name, new) for value in (was, now))
            yield sentence(f"change-{name.replace('_', '-')}", now=told_now, was=told_was)
    if old.snapshot.time_zone != new.snapshot.time_zone:
        yield sentence("change-time-zone", now=new.snapshot.time_zone, was=old.snapshot.time_zone)


def _of_conditions(old: Version, new: Version) -> Iterator[Sentence]:
    before, after = list(old.campaign.eligibility), list(new.campaign.eligibility)
    for rule in after:
        if rule not in before:
            yield sentence("change-condition-new", condition=_condition(rule))
    for rule in before:
        if rule not in after:
            yield sentence("change-condition-gone", condition=_condition(rule))


def _condition(rule: Condition) -> str:
    """Write a condition as the file has it: its own words are the same in every language."""
    kind = str(type(rule).__struct_config__.tag)
    shown = {
        name: value
        for name in rule.__struct_fields__
        if (value := getattr(rule, name)) not in (None, (), "")  # what was not written
    }
    words = ", ".join(f"{name} {_plain(value)}" for name, value in shown.items())
    return f"{kind} ({words})" if words else kind


def _plain(value: Any) -> str:
    if isinstance(value, Expression):
        return value.source
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _of_patience(old: Version, new: Version) -> Iterator[Sentence]:
    before, after = old.campaign.patience, new.campaign.patience
    if before == after:
        return
    if before is None or after is None:
        yield sentence("change-waiting-begins" if before is None else "change-waiting-ends")
        return
    for name in Patience.__struct_fields__:
        was, now = getattr(before, name), getattr(after, name)
        if was == now:
            continue
        if name in {"milestone", "spend"}:
            yield from _of_points(name, {line.points: line for line in was}, {line.points: line for line in now})
        else:
            told_was, told_now = (_said(value, name, new) for value in (was, now))
            yield sentence("change-waiting", field=_field(name), now=told_now, was=told_was)
    yield sentence("change-waiting-kept")


def _of_points(name: str, was: Mapping[int, Any], now: Mapping[int, Any]) -> Iterator[Sentence]:
    for points in sorted({*was, *now}):
        if was.get(points) != now.get(points):
            how = "new" if points not in was else "gone" if points not in now else "other"
            yield sentence(f"change-{name}-{how}", points=points)


def _of_arms(old: Version, new: Version) -> Iterator[Sentence]:
    before = {arm.name: arm for arm in old.campaign.arm}
    after = {arm.name: arm for arm in new.campaign.arm}
    if not before and after:
        yield sentence("change-experiment-begins", arms=Words(tuple(_share(arm) for arm in after.values())))
    elif before and not after:
        yield sentence("change-experiment-ends")
    else:
        for name in {**before, **after}:
            was, now = before.get(name), after.get(name)
            if was != now:
                yield sentence("change-arm", arm=sentence(f"console-arm-{name}"), now=_arm(now), was=_arm(was))


def _share(arm: Any) -> Words:
    return Words((sentence(f"console-arm-{arm.name}"), Percent(arm.percent / 100)), " ")


def _arm(arm: Any) -> Value:
    if arm is None:
        return sentence("word-not-there")
    more: list[Value] = [Percent(arm.percent / 100)]
    more += [sentence("word-giving", reward=arm.reward)] if arm.reward else []
    more += [sentence("word-with-waiting")] if arm.with_patience else []
    return Words(tuple(more), " ")


def _of_shop(old: Config, new: Config) -> Iterator[Sentence]:
    for name in old.shop.__struct_fields__:
        was, now = getattr(old.shop, name), getattr(new.shop, name)
        if isinstance(was, msgspec.Struct):
            yield from _of_settings(was, now, new.versions[0])
        elif was != now:
            yield _of_setting(name, was, now, new.versions[0])


def _of_settings(was: msgspec.Struct, now: msgspec.Struct, version: Version) -> Iterator[Sentence]:
    """Yield what changes in a table of shop.toml, setting by setting."""
    for name in was.__struct_fields__:
        if getattr(was, name) != getattr(now, name):
            yield _of_setting(name, getattr(was, name), getattr(now, name), version)


def _of_setting(name: str, was: Any, now: Any, version: Version) -> Sentence:
    before, after = (_said(value, name, version) for value in (was, now))
    return sentence("change-shop", field=_field(name), now=after, was=before)


def _of_messages(old: Config, new: Config) -> Iterator[Sentence]:
    for locale in {**old.messages, **new.messages}:
        was = old.messages[locale].patterns if locale in old.messages else {}
        now = new.messages[locale].patterns if locale in new.messages else {}
        changed = sorted(name for name in {**was, **now} if was.get(name) != now.get(name))
        if changed:
            named, more = ", ".join(changed[:NAMED_MAX]), len(changed) - NAMED_MAX
            kind = "change-messages-more" if more > 0 else "change-messages"
            yield sentence(kind, locale=locale, names=named, **({"more": more} if more > 0 else {}))


def _units(stock: int | None) -> Sentence:
    return sentence("word-unlimited") if stock is None else sentence("word-units", n=stock)


def _instead(name: str | None) -> Sentence:
    return sentence("word-same-still") if name is None else sentence("word-quoted", name=name)
