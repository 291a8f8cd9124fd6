"""What shoppers see of their waiting, in their language."""

from engine.api.schemas import (
    ClaimView,
    EnrolledMilestone,
    EnrolmentSummary,
    EnrolmentView,
    EntryView,
    HoldView,
    MilestoneView,
    NextMilestone,
    PatienceView,
    PromiseView,
    QueueView,
    RestockView,
    SpendView,
    SurpriseView,
)
from engine.api.views import award_view, label_of, slices
from engine.campaigns import Version
from engine.db.tables import Award, Claim, EnrolmentMilestone, PointEntry
from engine.flows import stock as shelves
from engine.flows.milestones import draw_id
from engine.flows.progress import Progress
from engine.messages import Messages
from engine.vault import Vault
from rewards.patience import SURPRISE, Milestone
from rewards.wheel import ALGORITHM, Proof


def terms(version: Version, offer_id: object, commitments: dict[int, str], messages: Messages) -> PatienceView:
    """Return the terms of waiting as an offer shows them."""
    patience = version.patience
    return PatienceView(
        points_per_day=patience.points_per_day,
        starter_points=patience.starter_points,
        milestones=[
            _milestone(version, milestone, str(draw_id(offer_id, milestone)), commitments, messages)
            for milestone in patience.milestone
        ],
        days_max=patience.days_max,
        delay_bonus_points=patience.delay_bonus_points,
        points_expire_days=patience.points_expire_days,
        hold_hours=patience.hold_hours,
        with_wheel=patience.with_wheel,
        spend=_spend(version, messages),
    )


def summary(seen: Progress, messages: Messages) -> EnrolmentSummary:
    enrolment = seen.found.enrolment
    return EnrolmentSummary(
        enrolment_id=enrolment.id,
        sku=enrolment.sku,
        title=seen.stockout.title,
        status=enrolment.status,
        points=seen.balance,
        started_on=enrolment.started_on,
        last_on=enrolment.last_on,
        next_milestone=_next(seen, messages),
        restock=_restock(seen),
        hold=HoldView(seen.hold.id, seen.hold.quantity, seen.hold.ends_at) if seen.hold else None,
    )


def enrolment(seen: Progress, vault: Vault, messages: Messages) -> EnrolmentView:
    """Return everything about one enrolment."""
    row, version = seen.found.enrolment, seen.found.version
    brief = summary(seen, messages)
    return EnrolmentView(
        **{name: getattr(brief, name) for name in EnrolmentSummary.__struct_fields__},
        today=seen.today,
        points_per_day=version.patience.points_per_day,
        points_expire_days=version.patience.points_expire_days,
        points_expire_at=row.points_expire_at,
        entries=[_entry(line, seen, messages) for line in seen.entries],
        milestones=[_enrolled(milestone, seen, vault, messages) for milestone in seen.milestones],
        queue=QueueView(seen.place.before, seen.place.waiting) if seen.place else None,
        spend=_spend(version, messages),
        claims=[claim(made, seen.awards[str(made.award_id)], version, vault, messages) for made in seen.claims],
        client_seed=row.client_seed,
    )


def claim(made: Claim, award: Award, version: Version, vault: Vault, messages: Messages) -> ClaimView:
    return ClaimView(
        claim_id=made.id,
        reward=made.reward,
        label=label_of(version, made.reward, messages),
        points=made.points,
        reversed=made.reversed_at is not None,
        award=award_view(award, version, vault, messages),
    )


def _milestone(
    version: Version, milestone: Milestone, drawn: str, commitments: dict[int, str], messages: Messages
) -> MilestoneView:
    if milestone.reward is not None:
        return MilestoneView(milestone.points, milestone.reward, label_of(version, milestone.reward, messages))
    surprise = _surprise(version, milestone, drawn, commitments[milestone.points], messages)
    return MilestoneView(milestone.points, SURPRISE, messages.text("label-surprise"), surprise)


def _surprise(version: Version, milestone: Milestone, drawn: str, committed: str, messages: Messages) -> SurpriseView:
    table, shown = messages.once(
        ("surprise", version.digest, str(milestone.points)),
        lambda: (made := milestone.table(), slices(version, made, messages)),
    )
    return SurpriseView(
        algorithm=ALGORITHM,
        draw_id=drawn,
        table_digest=table.digest,
        commitment=committed,
        total_weight=table.total_weight,
        slices=shown,
    )


def _terms_of(version: Version, points: int) -> Milestone:
    return next(milestone for milestone in version.patience.milestone if milestone.points == points)


def _enrolled(row: EnrolmentMilestone, seen: Progress, vault: Vault, messages: Messages) -> EnrolledMilestone:
    version = seen.found.version
    milestone = _terms_of(version, row.points)
    view = _milestone(version, milestone, str(row.draw_id), {row.points: _commitment(seen, milestone)}, messages)
    award = seen.awards.get(str(row.award_id))
    shown = award_view(award, version, vault, messages) if award else None
    brief = EnrolledMilestone(
        view.points, view.reward, view.label, row.status, row.due_on, shown, surprise=view.surprise
    )
    if row.slice is None or row.slice_index is None or row.stop is None:
        return brief
    proof = Proof(
        algorithm=ALGORITHM,
        offer_id=str(row.draw_id),
        table_digest=milestone.table().digest,
        commitment=_commitment(seen, milestone),
        server_seed=seen.seeds[row.points].hex(),
        client_seed=seen.found.enrolment.client_seed,
        round=row.round or 0,
        ticket=row.ticket or 0,
    )
    return EnrolledMilestone(
        brief.points,
        brief.reward,
        brief.label,
        brief.status,
        brief.expected_on,
        brief.award,
        surprise=brief.surprise,
        proof=proof,
        slice=row.slice,
        slice_index=row.slice_index,
        stop=row.stop,
    )


def _commitment(seen: Progress, milestone: Milestone) -> str:
    return seen.commitment(milestone.points) if milestone.surprise else ""


def _next(seen: Progress, messages: Messages) -> NextMilestone | None:
    if seen.found.enrolment.status != "active":
        return None
    ahead = next((row for row in seen.milestones if row.status == "ahead" and row.due_on is not None), None)
    if ahead is None:
        return None
    milestone = _terms_of(seen.found.version, ahead.points)
    label = messages.text("label-surprise")
    if milestone.reward is not None:
        label = label_of(seen.found.version, milestone.reward, messages)
    return NextMilestone(ahead.points, label, max(0, ahead.points - seen.earned), ahead.due_on)


def _restock(seen: Progress) -> RestockView:
    stock, promised = seen.stock, shelves.promised(seen.stock, seen.stockout, seen.promises)
    zone = seen.found.version.zone
    return RestockView(
        expected_on=promised.expected_on,
        reason=promised.reason,
        arrived=stock is not None and stock.available > 0,
        history=[PromiseView(told.expected_on, told.reason, told.as_of.astimezone(zone)) for told in seen.promises],
    )


def _entry(line: PointEntry, seen: Progress, messages: Messages) -> EntryView:
    text = messages.text(f"entry-{line.kind.replace('_', '-')}")
    told = (one for one in seen.promises if one.expected_on and one.expected_on.toordinal() == line.ref.int)
    why = next((one.reason for one in told if one.reason), None) if line.kind == "delay_bonus" else None
    return EntryView(line.day, line.kind, line.points, f"{text} ({why})" if why else text)


def _spend(version: Version, messages: Messages) -> list[SpendView]:
    return [
        SpendView(line.reward, label_of(version, line.reward, messages), line.points) for line in version.patience.spend
    ]
