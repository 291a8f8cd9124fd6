# Every sentence a shopper reads, in English. A value between braces comes from the engine: { $label }.

## Rewards: reward-<id in rewards.toml>

reward-discount-5 = 5% off
reward-discount-10 = 10% off
reward-discount-20 = 20% off
reward-free-shipping = Free delivery
reward-sample = Free mini candle
reward-vip-evening = Private evening
reward-early-access = Early access

## The name of a reward that has no message of its own, by its kind

label-percent-off = { $percent }% off
label-amount-off = { $amount } off
label-free-shipping = Free delivery
label-sample = Free gift
label-vip-access = Invitation: { $event }

## Why there is no wheel: one sentence for each code, without thresholds or secrets

reason-stage-not-covered = This is for items already in a basket or ordered.
reason-campaign-not-started = This offer has not started yet.
reason-campaign-over = This offer has ended.
reason-offer-expired = This offer’s time is over.
reason-market-not-covered = This offer is not available in your country.
reason-currency-not-covered = This offer is not available in this currency.
reason-cart-too-small = Your basket is a little too small for this offer.
reason-cart-too-large = Your basket is more than this offer can cover.
reason-cart-unknown = We do not know what your basket comes to.
reason-product-not-covered = This item is not part of the offer.
reason-category-not-covered = This kind of item is not part of the offer.
reason-shopper-not-covered = This offer is not open to your account.
reason-too-many-spins = You already have a wheel to spin, or have spun one recently.
reason-award-limit-reached = You have already received all we can give for now.
reason-stockout-too-old = Too much time has passed since you came for this item.
reason-still-available = Good news: this item is still available.
reason-available-on-backorder = Good news: you can still order it, it will simply arrive a little later.
reason-address-not-accepted = We cannot accept this e-mail address.
reason-address-already-used = An offer has already been made for this e-mail address.
reason-budget-spent = We have already given all that was planned for now.
reason-condition-not-met = This offer does not fit your order.
reason-no-campaign = There is no offer at the moment.

## The <makegood-stockout> element

widget-sold-out = “{ $title }” is sold out.
widget-sold-out-unnamed = This item is sold out.
widget-wait-expected = Expected back on { $date }.
widget-wait-expected-unknown = We do not know yet when it will be back.
widget-wait-why-supplier-delay = Our supplier is running late.
widget-wait-why-transport-delay = The delivery to our warehouse is running late.
widget-wait-why-high-demand = Far more of you wanted it than we had thought.
widget-wait-why-production = Making it takes longer than planned.
widget-wait-why-quality-check = The last batch was not good enough, so we sent it back.
widget-wait-why-discontinued = It is no longer made.
widget-percent = { $n }%
widget-alternatives = You might like instead:
widget-arms-not-eligible = No wheel this time:
widget-invite = To make up for it, have a spin: every slice wins.
widget-spin = Spin the wheel
widget-decline = No thanks
widget-spinning = The wheel is turning…
widget-declined = All right, no wheel.
widget-reopen = Show the wheel
widget-wheel = Wheel of { $count } slices
widget-odds-title = Your odds, and the proof of the draw
widget-more-odds = { $label }: { $part } in { $whole } ({ $percent })
widget-more-when-gone = If it is all gone: { $label }
widget-more-commitment = The secret number of this draw is already chosen. Its fingerprint keeps us from changing it:
widget-more-seed = Your share of the chance
widget-more-seed-mixed = It was mixed with the secret number.
widget-more-seed-help = It is mixed with the secret number. Change it if you like: 1 to 64 plain characters.
widget-won = You won: { $label }
widget-seldom-already = You have already spun the wheel. Here is your result.
widget-seldom-replaced = “{ $label }” is all gone. As announced, you get “{ $instead }” instead.
widget-copy = Copy the code
widget-copied = Copied ✓
widget-expires = Valid until { $date }.
widget-seldom-status =
    { $status ->
        [reserved] This code is being used on an order.
        [redeemed] This code has been used.
        [refunded] The order of this code was refunded.
        [expired] This code has expired.
       *[other] This code is no longer valid.
    }
widget-verified = Draw verified by your browser.
widget-seldom-unverified = Careful: your browser could not confirm this draw. Your code still works; please show us the check.
widget-seldom-uncheckable = This page is not on https, so your browser cannot check the draw here.
widget-check = Check this spin
widget-failed = The connection was lost, and nothing else: try again.
widget-retry = Try again
widget-seldom-over = This offer is closed. Reload the page to see where it stands.
widget-seldom-either = The wheel or the waiting below: taking one gives up the other.

## Rows, the result, the shelf

widget-sorry = { $name }, we are sorry. You came for this and we do not have it: that is our mistake, not yours.
widget-sorry-unnamed = We are sorry. You came for this and we do not have it: that is our mistake, not yours.
widget-sound = Sound
widget-told = The wheel has stopped on slice { $number }: { $slice }.
widget-send = Send it to me
widget-apply = Use it now
widget-row-wait = Wait and be thanked for every day
widget-row-wait-hint = { $start } points, then { $daily } a day, and first pick when it is back.
widget-row-notice = Just tell me when it is back
widget-row-notice-on = You will be told.
widget-row-order = Keep or cancel my order
widget-stock-low =
    { $count ->
        [one] Last one
       *[other] Only { $count } left
    }
widget-stock-out = Sold out
widget-stock-back = · back on { $date }
widget-stock-backorder = Can be ordered, arrives later

## Opened by a tap: the odds in words, messages, the order

widget-more-notice = One e-mail when it can be bought again, sent only if it still can.
widget-more-notice-button = Tell me
widget-more-notice-done = You will get one e-mail when it is back.
widget-more-notice-off = I do not want it after all
widget-more-send = Where should the code go?
widget-more-send-done = Your code is on its way to you.
widget-more-email = Your e-mail address
widget-more-email-other = Another address than the one in your account (optional)
widget-more-only-this = The address is used for this one message and then forgotten. No newsletter.
widget-more-failed = The connection was lost. Try again: nothing is done twice.
widget-more-refused =
    { $code ->
        [still_available] Good news: it is available again.
        [invalid_field] This does not look like an e-mail address.
        [order_cancelled] This order is cancelled already.
       *[other] This is not open any more. Reload the page to see where it stands.
    }
widget-more-order =
    { $choice ->
        [keep] Your order is kept: you will get it as soon as it is back.
        [cancel] Your order is cancelled, and the shop has been told.
       *[other] You have ordered it already. Keep the order, and it is sent as soon as it is back. Or cancel it, and pay nothing for it.
    }
widget-more-keep = Keep my order
widget-more-cancel = Cancel my order
widget-more-cancel-sure = Cancel this order? That cannot be taken back; you would have to order again.
widget-more-cancel-yes = Yes, cancel it
widget-more-cancel-no = No, keep it

widget-wait-odds = { $label }: { $part } in { $whole } ({ $percent })
widget-wait-seed = Your share of the chance
widget-wait-seed-help = It is mixed with the secret number. Change it if you like: 1 to 64 plain characters.

## Waiting, in <makegood-stockout> and <makegood-patience>

widget-wait-starter =
    { $count ->
        [one] { $count } point to start with
       *[other] { $count } points to start with
    }
widget-wait-daily =
    { $count ->
        [one] { $count } point a day
       *[other] { $count } points a day
    }
widget-wait-slip =
    { $count ->
        [one] { $count } point if the date slips
       *[other] { $count } points if the date slips
    }
widget-wait-points =
    { $count ->
        [one] { $count } point
       *[other] { $count } points
    }
widget-wait-unit =
    { $count ->
        [one] point
       *[other] points
    }
widget-wait-after =
    { $days ->
        [0] , at once
        [one] , after { $days } day
       *[other] , after { $days } days
    }
widget-wait-rule-queue = When it is back, those with the most points come first, and we keep yours for { $hours } hours.
widget-wait-rule-end = Waiting ends when you buy it, when you stop (two clicks, any time), or after { $days } days.
widget-wait-rule-expiry = Points you have left then can be spent for { $days } more days, and expire after that.
widget-wait-rule-spend = { $points } points also buy: { $label }. Milestones stay within reach.
widget-wait-join = Wait and earn
widget-wait-nothing-else = This signs you up for nothing else: no advertising, no newsletter.
widget-wait-draw = How the surprise is drawn
widget-wait-commitment = As with the wheel, its secret number is already chosen. Its fingerprint keeps us from changing it:
widget-wait-joined = You are waiting, and it counts
widget-wait-welcome =
    { $count ->
        [one] You are in, with { $count } point.
       *[other] You are in, with { $count } points.
    }
widget-wait-missing =
    { $count ->
        [one] { $count } point to go: { $label }
       *[other] { $count } points to go: { $label }
    }
widget-wait-on = (on { $date }).
widget-wait-all-reached = You have reached every milestone.
widget-wait-account = See my points and days
widget-wait-account-hint = Your points and days are in your customer account.
widget-wait-failed = The connection was lost. Try again: nothing is done twice.
widget-wait-refused =
    { $code ->
        [still_available] Good news: it is available again, no need to wait.
        [wheel_chosen] You have spun the wheel for this one: it was the wheel or the waiting.
        [budget_spent] We have already promised all that was planned for now.
        [points_short] You do not have enough points for this any more.
        [points_expired] These points have expired.
       *[other] This is not open any more. Reload the page to see where it stands.
    }
widget-seldom-back = “{ $title }” is back
widget-seldom-back-unnamed = It is back
widget-seldom-arrived = It is back, and every unit is kept for those before you. Whatever they do not take goes on down the line.
widget-wait-milestone = milestone
widget-wait-held-title = It is back, and kept for you
widget-wait-hold =
    { $quantity ->
        [one] One is kept for you until { $date }.
       *[other] { $quantity } are kept for you until { $date }.
    }
widget-wait-hold-next = After that, it goes to the next person waiting.
widget-wait-buy = Buy it now
widget-wait-queue-first = You are first in line.
widget-wait-queue =
    { $count ->
        [one] One person is served before you.
       *[other] { $count } people are served before you.
    }
widget-wait-moved = It was promised for { $date } before. We are sorry.
widget-wait-promises = Every date we gave
widget-wait-promise = On { $told } we said { $date }.
widget-wait-days = Your days, from the first on
widget-wait-today = today
widget-wait-goal = next milestone
widget-wait-goal-reached = milestone reached
widget-wait-promised = expected back
widget-wait-milestones = Milestones
widget-wait-due = on { $date }
widget-wait-out-of-reach = out of reach by the last day
widget-wait-missed = not reached
widget-wait-drawn = { $label }: { $award }
widget-wait-reached = Milestone reached: { $label }.
widget-wait-check = Check this draw
widget-wait-spend = Spend points
widget-wait-spend-text = Spending points does not take milestones further away, but those with more points are served first.
widget-wait-spend-button =
    { $count ->
        [one] Get it for { $count } point
       *[other] Get it for { $count } points
    }
widget-wait-short =
    { $count ->
        [one] · { $count } point short
       *[other] · { $count } points short
    }
widget-wait-spend-sure = “{ $label }” for { $points } points? You will have { $left } left.
widget-wait-spend-yes =
    { $count ->
        [one] Yes, spend { $count } point
       *[other] Yes, spend { $count } points
    }
widget-wait-spend-no = Not now
widget-wait-claimed = { $label }, for { $points } points
widget-wait-ledger = Every point, line by line
widget-wait-sum = Now
widget-wait-leave = Stop waiting
widget-wait-leave-sure = Stop waiting? Your place in the line goes to the next person, and milestones not reached yet are given up. What you have won stays yours.
widget-wait-leave-points =
    { $points ->
        [one] Your point can be spent for { $days } more days.
       *[other] Your points can be spent for { $days } more days.
    }
widget-wait-leave-yes = Stop waiting
widget-wait-leave-no = Keep waiting
widget-wait-ended =
    { $status ->
        [bought] It is yours. Thank you for your patience.
        [left] You stopped waiting for it.
        [lapsed] It was kept for you, but the time passed. It went to the next person waiting.
       *[over] The waiting reached its last day before it came back. We are sorry.
    }
widget-wait-expire =
    { $points ->
        [one] Your last point can be spent until { $date }. It expires then.
       *[other] Your { $points } points can be spent until { $date }. They expire then.
    }
widget-wait-empty = You are not waiting for anything at the moment.

## The /verify page

verify-title = Check a spin
verify-intro = This page does the whole computation again in your own browser, from what the shopper was given. Nothing is sent to the shop.
verify-other = The receipt to check
verify-paste = Paste the receipt (JSON) or the “Check this spin” link here, or drop a file
verify-button = Check
verify-not-receipt = This text is not the receipt of a spin.
verify-good = Everything matches. This spin is genuine.
verify-bad =
    { $count ->
        [one] { $count } value does not match. This receipt is not that of an honest spin, or it was altered.
       *[other] { $count } values do not match. This receipt is not that of an honest spin, or it was altered.
    }
verify-unable = Your browser cannot check here: cryptography needs a page on https (or localhost). Open this page over https.
verify-outcome = The slice drawn: “{ $label }”, at { $stop } of a turn.
verify-given = Given
verify-computed = Computed here
verify-matches = matches
verify-differs = does not match
verify-step-promise = The promise
verify-step-promise-text = Before the shopper chose a seed, the shop published the fingerprint of its secret number. It disclosed the number afterwards: the fingerprint must be the same.
verify-step-table = The wheel shown
verify-step-table-text = Each slice has as many tickets as its weight. The fingerprint of this table is part of the draw: nobody can change it afterwards.
verify-step-you = The shopper’s part
verify-step-you-text = The shopper’s seed and the offer’s number are part of the draw too: the shop cannot know the result beforehand.
verify-step-draw = The draw
verify-step-draw-text = All of it is mixed by HMAC-SHA256. That gives a ticket, the slice that holds it, and where the wheel stops.
verify-step-reward = The reward
verify-step-reward-text = The reward given is that of the slice, or the one announced to replace it.
verify-step-secret = The secret of the day
verify-step-secret-text = The secret numbers of a day come from one secret, sealed in the morning and published when the day’s last offer is over. Then anyone can see that none was picked by hand.
verify-secret-sealed = Not published yet: it will be once every offer of { $date } is over.
verify-secret-unlisted = The shop announced no secret for { $date }.
verify-secret-unreachable = The shop does not answer. The checks above do not need it.
verify-check-algorithm = Algorithm
verify-check-algorithm-kept = Algorithm named in the proof
verify-check-commitment = Fingerprint of the disclosed secret number
verify-check-commitment-kept = Fingerprint repeated in the proof
verify-check-table-digest = Fingerprint of the wheel
verify-check-table-digest-kept = Fingerprint of the wheel repeated in the proof
verify-check-total-weight = Number of tickets
verify-check-odds = Odds shown beside the slices
verify-check-offer-id = Number of the offer
verify-check-client-seed = The shopper’s seed
verify-check-round = Round
verify-check-ticket = Ticket
verify-check-slice = Slice
verify-check-slice-index = Position of the slice (from 0)
verify-check-stop = Where the wheel stops, in turns
verify-check-reward = Reward
verify-check-readable = Receipt complete and readable
verify-check-secret-digest = Fingerprint of the secret of the day
verify-check-server-seed = Secret number made from the secret of the day
verify-slice = Slice
verify-tickets = Tickets
verify-odds = Odds
verify-surprise-good = Everything matches. This draw is genuine.
verify-surprise-outcome = The surprise drawn: “{ $label }”.
verify-surprise-step-table = The list shown
verify-surprise-step-table-text = Each line of the list has as many tickets as its weight. The fingerprint of this list is part of the draw: nobody can change it afterwards.
verify-surprise-step-secret-text = The secret numbers of a day come from one secret, sealed in the morning and published when the waiting of that day’s offers is over. Then anyone can see that none was picked by hand.
verify-surprise-secret-sealed = Not published yet: it will be once the waiting that began with the offers of { $date } is over.

## The demo shop

demo-title = Maison Lueur
demo-tagline = Lights and gentle things for the home
demo-hero = Soft lights, and things that last.
demo-hero-text = Small batches, fine materials. So it happens that everything goes at once: that is where Makegood comes in.
demo-about = Demo shop. Everything in it is made up, except Makegood.
demo-tour = The tour in three steps
demo-tour-basket = Put the Lune 38 lamp in your basket. It will sell out before your eyes.
demo-tour-spin = Spin the wheel and copy your code.
demo-tour-checkout = Use the code at checkout.
demo-tour-start = See the Lune 38 lamp
demo-verify = Check a spin of the wheel
demo-new-shopper = New shopper
demo-new-shopper-title = Start over with an empty basket and a new identity
demo-language = Français
demo-basket = Basket
demo-basket-count =
    { $count ->
        [one] Basket, { $count } item
       *[other] Basket, { $count } items
    }
demo-skip = Skip to content
demo-products = Our things
demo-sold-out = Sold out
demo-wanted = In demand
demo-in-stock = In stock
demo-back = The whole shop
demo-add = Add to basket
demo-added = Added to your basket
demo-see-basket = See the basket
demo-basket-empty = Your basket is empty.
demo-basket-fill = Choose something
demo-just-sold-out = Just sold out
demo-just-sold-out-text = Someone took the last one during your visit. It is not counted in the total.
demo-fallback = We are sorry. Write to us, and we will tell you when it is back.
demo-swap = Take “{ $name }” instead
demo-remove = Remove
demo-quantity = Quantity
demo-fewer = One fewer
demo-more = One more
demo-subtotal = Subtotal
demo-shipping = Delivery
demo-shipping-free = Free
demo-total = Total
demo-to-checkout = Check out
demo-nothing-to-order = There is nothing left to order for now. Choose something else.
demo-checkout = Checkout
demo-order = Order { $order }
demo-deliver-to = Deliver to
demo-address = Ada Martin, 12 rue des Lilas, 69004 Lyon
demo-pay-with = Pay with
demo-card = Demo card ending in 4242. Nothing will be charged.
demo-code = Discount code
demo-code-apply = Apply
demo-code-use = Use my code { $code }
demo-code-remove = Remove the code
demo-code-held = Code reserved for this order: { $label }
demo-code-invitation = Invitation confirmed with this order
demo-gift = Gift: { $name }
demo-pay = Pay { $total }
demo-cancel = Cancel the order
demo-cancelled = Order cancelled. Your code is free again.
demo-thanks = Thank you, it is on its way!
demo-thanks-text = Order { $order }, { $total }. You paid nothing: this is a demo.
demo-thanks-saved = Your code saved you { $amount }.
demo-thanks-code = Your code has been used: { $label }.
demo-continue = Carry on looking
demo-error = The shop could not answer. Try again in a moment.
demo-code-refused =
    { $code ->
        [code_unknown] We do not know this code. Check that it is complete.
        [code_reserved] This code is already reserved for another order.
        [code_already_redeemed] This code has already been used.
        [redemption_not_reserved] The reservation of this code has run out. Remove it, then enter it again.
        [code_expired] This code has expired.
        [basket_too_small] The basket is too small for this code.
        [code_of_another_shopper] This code was won by someone else.
       *[other] This code cannot be used on this order.
    }

## The demo shop's account page and its time machine

demo-account = My account
demo-account-title = Hello Ada
demo-account-text = What you are waiting for, and what it has earned you.
demo-account-empty = You are not waiting for anything. Put the Lune 38 lamp in your basket: when it sells out, choose “Wait and earn”.
demo-account-start = See the Lune 38 lamp
demo-bar = Demo
demo-bar-title = Demo: move time and stock
demo-bar-next-day = Next day
demo-bar-restock = Restock
demo-bar-sell-out = Sell out
demo-bar-done-sell-out = Sold out again: { $name }.
demo-bar-slip = Slip a week
demo-bar-done-next-day = It is tomorrow. The night’s points are there.
demo-bar-done-restock = Restocked: { $name }.
demo-bar-done-slip = The date has slipped by a week.
demo-bar-failed = That did not work. Try again.
demo-variants = Choose yours
demo-orders = Your orders
demo-orders-text = Order ML-20417 of last week is in trouble: something in it is not there.
demo-order-see = See this order
demo-order-title = Order ML-20417
demo-order-text = You ordered “{ $name }” last week. It should have been packed today.
demo-letters = Messages from us
demo-letter =
    { $kind ->
        [restock-notice] It is back: { $about }.
        [code-wanted] Your code: { $about }.
        [order-kept] We keep your order: { $about }.
       *[other] We have cancelled your order: { $about }.
    }
demo-kept = Kept for you

# Patience: what points and milestones say.

label-surprise = Surprise gift
entry-accrual = A day of patience
entry-welcome = Welcome points
entry-delay-bonus = The date slipped, with our apologies
entry-milestone = Milestone reached
entry-claim = Points spent
entry-reversal = Points returned
entry-expiry = Points expired

## The rules a shop publishes: makegood rules-text

rules-title = Rules of “{ $campaign }”, { $shop }
rules-organiser = { $shop } organises this. When an item is sold out, it is how we say sorry.
rules-dates-title = When
rules-dates-both = From { $starts } to { $ends }, both included (days in { $zone }).
rules-dates-until = Until { $ends }, included (days in { $zone }).
rules-dates-from = From { $starts } on, until we announce its end (days in { $zone }).
rules-dates-open = Until we announce its end.
rules-who-title = Who may take part
rules-free = Taking part is free. You sign up for nothing by it, and saying no costs you nothing. These conditions hold:
rules-test = To learn what helps, chance decides which of you are shown the wheel and which are shown something else or nothing.
rules-stage-viewed = looked at
rules-stage-saved = saved for later
rules-stage-in-cart = in a basket
rules-stage-ordered = ordered
rules-if-stage-in = The sold-out item was: { $stages }.
rules-if-market-in = The shop of these countries: { $markets }.
rules-if-currency-in = The basket is in: { $currencies }.
rules-if-cart-from = The basket comes to { $low } at least.
rules-if-cart-between = The basket comes to { $low } at least and { $high } at most.
rules-if-skus = It holds for these items: { $names }.
rules-if-skus-not = It does not hold for these items: { $names }.
rules-if-categories = It holds for these kinds of items: { $names }.
rules-if-categories-not = It does not hold for these kinds of items: { $names }.
rules-if-segments = It is for these groups of customers: { $names }.
rules-if-segments-not = It is not for these groups of customers: { $names }.
rules-if-spins-at-most = At most { $count } in { $days } for each person.
rules-if-awards-at-most = Rewards of each person stay below { $amount } in { $days }.
rules-if-stockout-within = It happened { $hours } ago at most.
rules-if-out-of-stock = The item really is sold out.
rules-if-not-backorderable = The item cannot be ordered for later delivery.
rules-if-address-accepted = An e-mail address, where one is given, is not a throw-away one.
rules-if-one-person-per-address = One person for each e-mail address.
rules-if-budget-left = What was planned for the period is not all given.
rules-if-when = This condition holds: `{ $expression }`.
rules-odds-title = The odds
rules-odds = Every slice wins, and is as wide on the screen as its odds. You have { $hours } to spin, once.
rules-column-reward = Reward
rules-column-odds = Odds
rules-column-weight = Weight
rules-column-stock = Number
rules-column-gone = Once they are gone
rules-rewards-title = The rewards
rules-valid = Valid for { $days }.
rules-basket = From a basket of { $amount }.
rules-most = Worth { $amount } at most.
rules-event = { $event }, on { $day }.
rules-stacks = Can be combined with another code.
rules-stacks-not = Cannot be combined with another code.
rules-wait-title = Waiting
rules-wait-points = { $starter } to begin with and { $daily } for each day of waiting, for { $days } at most.
rules-wait-slip = { $points } more when the promised date slips, { $times } at most.
rules-wait-milestone = At { $points }: { $reward }.
rules-wait-spend = For { $points }: { $reward }.
rules-wait-hold = When the item is back, those with the most points come first, and it is kept for them for { $hours }. Points left at the end expire after { $days }.
rules-limits-title = Limits
rules-budget = We give { $amount } { $period } at most. When that is used up there is no wheel until the next period; a wheel you were shown keeps its odds.
rules-period-day = a day
rules-period-week = a week
rules-period-month = a month
rules-period-campaign = in all
rules-fair-title = How the draw works, and how to check it
rules-fair = Before you spin, we publish the fingerprint of a secret number; your browser adds a number of its own; both decide. Afterwards we show the secret number, and anybody can compute the result again, at the address /verify of our engine.
rules-data-title = Your data
rules-data = We use your customer number, what you wanted and what you won, to give you the reward and to keep to these rules. Write to us, and we show you all of it or erase it.
rules-version = These rules were made from version { $digest } of the campaign.

## Arms of an experiment, in <makegood-stockout>

widget-arms-invite = To make up for it, this is yours: { $label }
widget-arms-take = Take it
widget-arms-yours = Yours: { $label }
widget-arms-over = This can no longer be taken. Reload the page to see where it stands.

## The two questions afterwards, in <makegood-survey>

widget-survey-title = Two questions, if you like
widget-survey-csat = How well did we handle this?
widget-survey-csat-low = badly
widget-survey-csat-high = very well
widget-survey-nps = How likely are you to recommend us to a friend?
widget-survey-nps-low = not at all likely
widget-survey-nps-high = extremely likely
widget-survey-send = Send
widget-survey-thanks = Thank you. It helps us do better.
widget-survey-failed = That did not reach us. Try again.
widget-survey-empty = Choose a number first, or leave it: both are fine.
widget-survey-note = Your answers are kept with this visit and used for nothing but this question.
rules-n-days =
    { $n ->
        [one] { $n } day
       *[other] { $n } days
    }
rules-n-hours =
    { $n ->
        [one] { $n } hour
       *[other] { $n } hours
    }
rules-n-points =
    { $n ->
        [one] { $n } point
       *[other] { $n } points
    }
rules-n-times =
    { $n ->
        [one] { $n } time
       *[other] { $n } times
    }
