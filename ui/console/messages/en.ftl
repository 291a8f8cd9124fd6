# The marketer's desk, in English.

## Arms and figures

console-arm-wheel = Wheel
console-arm-sure = Sure reward
console-arm-patience = Waiting
console-arm-apology = Apology
console-arm-nothing = Nothing
console-arm-holdout = Holdout
console-metric-abandonment = Baskets abandoned
console-metric-csat = Satisfied (CSAT 4–5)
console-metric-nps = NPS
console-metric-alternatives = Alternatives bought
console-metric-alerts = Alert sign-ups
console-metric-complaints = Complaints
console-metric-margin-30 = Margin per stockout, 30 days
console-metric-margin-90 = Margin per stockout, 90 days

## Sentences of the report

report-not-enough = Not enough data yet: about { $more } more stockouts.
report-not-enough-unknown = Not enough data yet: { $n } so far, and nothing to go by.
report-no-comparison = There is no holdout to compare with.
report-reached = Target { $target } reached: between { $low } and { $high } against the holdout.
report-better = Better than the holdout, between { $low } and { $high }; whether by { $target } is still open.
report-open = Could be nothing: between { $low } and { $high } against the holdout. About { $more } more stockouts would tell.
report-open-unknown = Could be nothing: between { $low } and { $high } against the holdout.
report-missed = The target { $target } is missed: between { $low } and { $high } against the holdout.
report-worse = Worse than the holdout: between { $low } and { $high }.
report-level-open = { $level }: whether the target of { $target } is reached is still open. About { $more } more stockouts would tell.
report-level-open-unknown = { $level }: whether the target of { $target } is reached is still open.
report-level-reached = { $level }: the target of { $target } is reached.
report-level-missed = { $level }: the target of { $target } is missed.
report-earns-yes = { $arm } earns more than doing nothing: between { $low } and { $high } a stockout within { $days } days.
report-earns-no = { $arm } does not earn more than doing nothing: between { $low } and { $high } a stockout within { $days } days.
report-earns-unknown = { $arm }: not known yet whether it earns more than doing nothing; about { $more } more stockouts would tell.
report-earns-unsure = { $arm }: not known yet whether it earns more than doing nothing; there is nothing to go by so far.
report-earns-alone = { $arm }: nobody can say whether it earns more than doing nothing, since there is no holdout.
report-split-good = Shoppers fell into the arms as designed (p = { $p }).
report-split-off = The split is not as designed (p = { $p }): something loses or adds shoppers of one arm. Trust no figure below until it is found.
report-what-if-more = It would have earned more: { $estimate } a spin, { $low } to { $high } more than it did.
report-what-if-less = It would have earned less: { $estimate } a spin, a change of { $low } to { $high }.
report-what-if-unsure = It might have made no difference: { $estimate } a spin, a change of { $low } to { $high }.
report-what-if-too-few-spins =
    { $n ->
        [one] The data cannot answer: { $n } spin is too few.
       *[other] The data cannot answer: { $n } spins are too few.
    }
report-what-if-never-offered = The data cannot answer: a slice you ask about was not on every wheel that was spun.
report-what-if-hardly-drawn =
    { $n ->
        [one] The data cannot answer: a slice you ask about was drawn less than 20 times in { $n } spin.
       *[other] The data cannot answer: a slice you ask about was drawn less than 20 times in { $n } spins.
    }
report-what-if-too-far-from-what-was = The data cannot answer: these odds are too far from those that were spun.
report-what-if-no-outcomes-yet = The data cannot answer: too few orders have been told within 30 days of a spin.

## The page

console-title = Makegood desk
console-skip = To the content
console-nav-today = Today
console-nav-wheel = Wheel
console-nav-report = Report
console-nav-versions = Versions
console-nav-fairness = Fairness
console-nav-explain = Why?
console-language = Français
console-sign-in = Sign in
console-sign-out = Sign out
console-key = Your key
console-key-help = A key of role marketer or auditor: makegood keys create --role marketer
console-key-wrong = This key is not known here, or has another role.
console-too-many = Too many tries. Wait a minute.
console-session-over = Your session is over. Sign in again.
console-role = { $label } · { $role }
console-campaign = Campaign
console-show = Show
console-today-title = Today at a glance
console-today-question = Does this earn more than doing nothing?
console-today-stockouts = Stockouts
console-today-offers = Offers
console-today-spins = Spins
console-today-liability = Owed against budget
console-today-left = { $left } left of { $amount }
console-today-waiting = Customers waiting
console-today-week = A further week of waiting costs { $expected } on average, { $worst } at most.
console-today-arms = Offers by arm, today
console-today-nothing = Nothing yet.
console-today-chart = Stockouts of the last 30 days
console-wheel-title = The wheel
console-wheel-intro = Move a slider: the wheel, the cost and the file below follow. Nothing is live until you publish.
console-wheel-weight = Weight
console-wheel-odds = Odds
console-wheel-stockouts = Stockouts a day
console-wheel-used = Share of codes used, in percent
console-wheel-days = Days
console-wheel-spin = Expected cost of a spin
console-wheel-day = Expected cost of a day
console-wheel-band = 5–95 %: { $low } to { $high }
console-wheel-worst = Worst case of a spin
console-wheel-budget = Budget
console-wheel-budget-lasts = never used up
console-wheel-budget-out =
    { $day ->
        [one] used up after { $day } day
       *[other] used up after { $day } days
    }
console-wheel-live = { $value } live
console-wheel-changes = What changes
console-wheel-same = Nothing changes.
console-wheel-toml = The file to commit
console-wheel-copy = Copy
console-wheel-copied = Copied ✓
console-wheel-publish = Publish this
console-wheel-note = Why (kept with the version)
console-wheel-sure = Publish now? Every process has it within seconds. Offers in flight keep their odds.
console-wheel-published = Published as { $number }.
console-wheel-flaw = This cannot be used:
console-wheel-drawing = The wheel as shoppers see it
console-wheel-failed = The engine did not answer. Try again.
console-report-title = The report
console-report-units =
    { $n ->
        [one] { $n } shopper, counted by their first stockout of the experiment.
       *[other] { $n } shoppers, each counted by their first stockout of the experiment.
    }
console-report-none = No shopper has been drawn into an arm yet.
console-report-left-out =
    { $n ->
        [one] { $n } shopper was drawn while the shares of the arms were others; that one is left out.
       *[other] { $n } shoppers were drawn while the shares of the arms were others; they are left out.
    }
console-report-split = Is the split as designed?
console-report-arm = Arm
console-report-n = n
console-report-expected = expected
console-report-figure = Figure
console-report-level = Arm
console-report-control = Holdout
console-report-interval = Difference, always-valid 95 %
console-report-target = Target
console-report-verdict = In words
console-report-chart = Difference to the holdout, in percent of it
console-report-always = The intervals may be looked at every day: all looks together are wrong at most once in twenty.
console-report-what-if = What if a slice had had other odds?
console-report-slice = Slice
console-report-percent = Its odds, in percent
console-report-ask = Ask
console-report-was = As it was
console-report-ips = Inverse propensity
console-report-dr = Doubly robust
console-report-change = Change
console-report-a-spin = Margin a spin within 30 days
console-versions-title = Versions
console-versions-number = No.
console-versions-state = State
console-versions-when = From
console-versions-by = By
console-versions-what = What changed
console-versions-live = live
console-versions-over = over
console-versions-to-come = to come
console-versions-cancelled = cancelled
console-versions-back = Go back to this
console-versions-back-to = back to { $number }
console-versions-files = Files
console-versions-older = Older versions
console-versions-begin = The beginning.
console-versions-done = Publication { $number } is live.
console-versions-refused = Nothing changed: { $why }
console-fairness-title = Fairness monitor
console-fairness-intro = Draws held against the disclosed odds. The test may be watched for ever: a fair wheel ever raises the alarm with one chance in a hundred.
console-fairness-fair = In keeping with its odds (p = { $p })
console-fairness-alarm = Alarm: these draws do not fit the odds (p = { $p })
console-fairness-spins =
    { $n ->
        [one] { $n } spin of version { $digest }
       *[other] { $n } spins of version { $digest }
    }
console-fairness-slice = Slice
console-fairness-disclosed = Disclosed
console-fairness-realised = Realised
console-fairness-none = Nobody has spun yet.
console-explain-title = Why did this shopper get that?
console-explain-id = Offer, stockout or shopper id
console-explain-ask = Tell
console-explain-unknown = Nothing here has that id.
console-explain-offer = Offer
console-explain-shopper = Shopper
console-explain-erased = erased
console-explain-product = Product
console-explain-made = Made
console-explain-campaign = Campaign version
console-explain-arm = Arm, and its probability
console-explain-decision = Decision
console-explain-eligible = eligible
console-explain-refused = refused
console-explain-drawn = Drawn
console-explain-award = Reward
console-explain-state = State
console-explain-reasons = Why not
console-explain-facts = What the decision saw
console-explain-others = Other offers of this shopper

## What a refused decision compared

why-before = { $today } is before { $day }
why-after = { $today } is after { $day }
why-spins = spins in the last { $days } × 24 hours: { $count }
why-address = spins by others at this address: { $count }
why-old = { $hours } hours since, { $most } at most
why-there = there: { $count }; wanted: { $asked }
why-less = { $minor }, below { $least_minor }
why-more = { $minor }, above { $most_minor }
why-won = won so far { $minor }, the limit is { $most_minor }
why-no-basket = the shop did not report a basket
why-throw-away = the provider of this address gives throw-away addresses
why-spent = the budget of this period is used up
why-not-so = not so: { $source }
why-not-told = cannot be told from what was seen: { $source }
why-excluded = { $was } is excluded
why-not-included = { $was } is not included
why-not-one-of = { $was } is not one of { $wanted }
why-not = { $was } is not { $wanted }

## What a change does (makegood diff, versions, the sliders)

change-campaign-new = The campaign "{ $campaign }" is new.
change-campaign-ends = The campaign "{ $campaign }" ends: it makes no new offers.
change-of-campaign = { $campaign }: { $what }
change-costs-of-new = { $campaign }: a spin costs { $mean } on average; the budget is { $budget }.
change-slice-new = shoppers can now win "{ $slice }", { $odds }.
change-slice-leaves = "{ $slice }" leaves the wheel.
change-slice-gives = the slice "{ $slice }" gives "{ $now }" instead of "{ $was }".
change-slices-order = the slices stand in another order on the wheel.
change-odds-more = "{ $slice }" becomes more likely: { $was } before, { $now } now.
change-odds-less = "{ $slice }" becomes less likely: { $was } before, { $now } now.
change-stock = the stock of "{ $reward }" is { $now }; it was { $was }.
change-when-gone = once "{ $reward }" is gone, shoppers get { $now }; it was { $was }.
change-reward = "{ $reward }" changes: { $what }.
change-field = { $field } { $was } → { $now }
change-mean = a spin costs { $now } on average instead of { $was }.
change-mean-by = a spin costs { $now } on average instead of { $was } ({ $change }).
change-worst = at worst a spin costs { $now } instead of { $was }.
change-budget = the budget is { $now }; it was { $was }.
change-name = its name is { $now }; it was { $was }.
change-starts-on = it starts on { $now }; it was { $was }.
change-ends-on = its last day is { $now }; it was { $was }.
change-priority = its priority is { $now }; it was { $was }.
change-offer-hours =
    { $now ->
        [one] shoppers have { $now } hour to spin; it was { $was }.
       *[other] shoppers have { $now } hours to spin; it was { $was }.
    }
change-time-zone = its days are those of { $now }; they were those of { $was }.
change-condition-new = shoppers must now also meet: { $condition }.
change-condition-gone = shoppers need no longer meet: { $condition }.
change-waiting-begins = shoppers can now wait and earn points.
change-waiting-ends = waiting is no longer offered.
change-waiting = waiting: { $field } is { $now }; it was { $was }.
change-waiting-kept = who waits already keeps the terms they started on.
change-milestone-new =
    { $points ->
        [one] waiting: the milestone at { $points } point is new.
       *[other] waiting: the milestone at { $points } points is new.
    }
change-milestone-gone =
    { $points ->
        [one] waiting: the milestone at { $points } point is gone.
       *[other] waiting: the milestone at { $points } points is gone.
    }
change-milestone-other =
    { $points ->
        [one] waiting: the milestone at { $points } point gives something else.
       *[other] waiting: the milestone at { $points } points gives something else.
    }
change-spend-new =
    { $points ->
        [one] waiting: the reward to buy for { $points } point is new.
       *[other] waiting: the reward to buy for { $points } points is new.
    }
change-spend-gone =
    { $points ->
        [one] waiting: the reward to buy for { $points } point is gone.
       *[other] waiting: the reward to buy for { $points } points is gone.
    }
change-spend-other =
    { $points ->
        [one] waiting: the reward to buy for { $points } point is another.
       *[other] waiting: the reward to buy for { $points } points is another.
    }
change-experiment-begins = an experiment begins: { $arms }.
change-experiment-ends = the experiment ends: everybody is offered everything.
change-arm = the arm "{ $arm }" is { $now }; it was { $was }. Who is in an arm stays there.
change-shop = shop: { $field } is { $now }; it was { $was }.
change-messages = messages in { $locale }: { $names }.
change-messages-more = messages in { $locale }: { $names } and { $more } more.
budget-per-day = { $amount } a day
budget-per-week = { $amount } a week
budget-per-month = { $amount } a month
budget-per-campaign = { $amount } in all
word-none = none
word-yes = yes
word-no = no
word-not-told = not told
word-not-there = not there
word-giving = giving "{ $reward }"
word-with-waiting = with waiting
word-unlimited = unlimited
word-units =
    { $n ->
        [one] { $n } unit
       *[other] { $n } units
    }
word-same-still = the same still
word-quoted = "{ $name }"

## What settings are called

field-kind = kind
field-liability = liability
field-valid-days = days of validity
field-minimum-basket = minimum basket
field-stacks = may be combined
field-percent = percent
field-amount = amount
field-sku = product
field-event = event
field-on = day of the event
field-points-per-day = points a day
field-starter-points = points to begin with
field-days-max = most days of waiting
field-delay-bonus-points = points for a delay
field-delay-bonuses-max = most bonuses for delays
field-points-expire-days = days points are kept afterwards
field-hold-hours = hours a unit is held
field-safety-stock = safety stock
field-hold-units-max = most units held for one shopper
field-with-wheel = waiting beside the wheel
field-name = name
field-currency = currency
field-time-zone = time zone
field-locales = languages
field-allowed-origins = allowed origins
field-jurisdiction = jurisdiction
field-reservation-minutes = minutes of a reservation
field-delivery-days = days of a delivery
field-low-stock = low stock
field-abandonment-change-percent = target for abandoned baskets, percent of change
field-csat-percent = target for CSAT, percent
field-nps = target for NPS
field-alternatives-change-percent = target for alternatives, percent of change
field-alerts-change-percent = target for alert sign-ups, percent of change
field-complaints-change-percent = target for complaints, percent of change
field-margin-change-percent = target for margin, percent of change
field-token-per-minute = calls a minute with one shopper token
field-shopper-per-minute = calls a minute of one shopper
field-address-per-minute = calls a minute from one address
field-key-per-minute = calls a minute of one key
field-code-misses-per-minute = unknown codes a minute

## Why nothing changed

console-refused-nothing-changes = This is live already.
console-refused-publication-unknown = There is no such publication.
console-refused-cancelled = That publication was cancelled: it never took effect.
console-refused-unsound = This engine cannot read these files ({ $about }).
console-refused-weight = The weight of "{ $about }" is a whole number from 1 to 1000000.
console-refused-slice-unknown = The wheel has no slice "{ $about }".
console-refused-campaign-unknown = There is no campaign "{ $about }".
console-refused-edit-the-file = A weight stands where this page cannot change it: edit the file ({ $about }).
console-refused-nothing-published = Nothing is published yet.
console-refused-number = "{ $about }" is a whole number from { $low } to { $high }.
console-refused-weights = The weights are told slice by slice.
console-refused-purchase-required = Only those who have ordered may take part: where this shop is, a game of chance must be open without a purchase.
console-refused-hidden-odds = The odds of each slice must be told: the message "widget-more-odds" does not say them.
console-refused-bundled-consent = Taking part must not depend on agreeing to advertising.
console-refused-form-stale = This form is too old. Load the page again.
console-refused-not-allowed = An auditor's key may look, and change nothing.
console-refused-other = The engine refused it.
console-role-marketer = marketer
console-role-auditor = auditor
console-versions-by-folder = the config folder
console-not-found = There is no such publication here.
console-report-flaw = Choose slices of this wheel, with odds from 0 to 100 percent in all.
console-status-refused = refused
console-status-open = open
console-status-spun = spun
console-status-accepted = accepted
console-status-lapsed = lapsed
console-award-issued = issued
console-award-reserved = reserved for an order
console-award-redeemed = used
console-award-refunded = refunded
console-award-expired = expired
console-award-void = void
report-what-if-too-young =
    { $n ->
        [one] The data cannot answer yet: the only spin is younger than 30 days, which is how long its orders count.
       *[other] The data cannot answer yet: all { $n } spins are younger than 30 days, which is how long their orders count.
    }
report-what-if-few-old-enough = The data cannot answer yet: { $old } of { $n } spins are 30 days old, which is how long their orders count; { $least } are needed.
console-titled = { $title }: { $name }
