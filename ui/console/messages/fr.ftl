# Le bureau du marketing, en français.

## Branches et indicateurs

console-arm-wheel = Roue
console-arm-sure = Récompense sûre
console-arm-patience = Attente
console-arm-apology = Excuses
console-arm-nothing = Rien
console-arm-holdout = Témoin
console-metric-abandonment = Paniers abandonnés
console-metric-csat = Satisfaits (CSAT 4–5)
console-metric-nps = NPS
console-metric-alternatives = Articles de remplacement achetés
console-metric-alerts = Inscriptions aux alertes
console-metric-complaints = Réclamations
console-metric-margin-30 = Marge par rupture, 30 jours
console-metric-margin-90 = Marge par rupture, 90 jours

## Phrases du rapport

report-not-enough = Pas encore assez de données : il faut environ { $more } ruptures de plus.
report-not-enough-unknown = Pas encore assez de données : { $n } pour l’instant, et rien pour estimer.
report-no-comparison = Il n’y a pas de groupe témoin à comparer.
report-reached = Objectif { $target } atteint : entre { $low } et { $high } par rapport au témoin.
report-better = Mieux que le témoin, entre { $low } et { $high } ; reste à savoir si c’est de { $target }.
report-open = Peut-être aucun effet : entre { $low } et { $high } par rapport au témoin. Environ { $more } ruptures de plus le diraient.
report-open-unknown = Peut-être aucun effet : entre { $low } et { $high } par rapport au témoin.
report-missed = Objectif { $target } manqué : entre { $low } et { $high } par rapport au témoin.
report-worse = Moins bien que le témoin : entre { $low } et { $high }.
report-level-open = { $level } : on ne sait pas encore si l’objectif de { $target } est atteint. Environ { $more } ruptures de plus le diraient.
report-level-open-unknown = { $level } : on ne sait pas encore si l’objectif de { $target } est atteint.
report-level-reached = { $level } : l’objectif de { $target } est atteint.
report-level-missed = { $level } : l’objectif de { $target } est manqué.
report-earns-yes = { $arm } : rapporte plus que ne rien faire, entre { $low } et { $high } par rupture en { $days } jours.
report-earns-no = { $arm } : ne rapporte pas plus que ne rien faire, entre { $low } et { $high } par rupture en { $days } jours.
report-earns-unknown = { $arm } : on ne sait pas encore si cela rapporte plus que ne rien faire ; environ { $more } ruptures de plus le diraient.
report-earns-unsure = { $arm } : on ne sait pas encore si cela rapporte plus que ne rien faire ; rien ne permet de l’estimer.
report-earns-alone = { $arm } : personne ne peut dire si cela rapporte plus que ne rien faire, faute de groupe témoin.
report-split-good = Les clients se répartissent comme prévu (p = { $p }).
report-split-off = La répartition n’est pas celle prévue (p = { $p }) : une branche perd ou gagne des clients. Ne croyez aucun chiffre ci-dessous avant d’avoir trouvé pourquoi.
report-what-if-more = Cela aurait rapporté plus : { $estimate } par tour, soit { $low } à { $high } de plus.
report-what-if-less = Cela aurait rapporté moins : { $estimate } par tour, un écart de { $low } à { $high }.
report-what-if-unsure = Cela n’aurait peut-être rien changé : { $estimate } par tour, un écart de { $low } à { $high }.
report-what-if-too-few-spins =
    { $n ->
        [one] Les données ne peuvent pas répondre : { $n } tour ne suffit pas.
       *[other] Les données ne peuvent pas répondre : { $n } tours ne suffisent pas.
    }
report-what-if-never-offered = Les données ne peuvent pas répondre : une part demandée n’était pas sur toutes les roues tournées.
report-what-if-hardly-drawn =
    { $n ->
        [one] Les données ne peuvent pas répondre : une part demandée est sortie moins de 20 fois en { $n } tour.
       *[other] Les données ne peuvent pas répondre : une part demandée est sortie moins de 20 fois en { $n } tours.
    }
report-what-if-too-far-from-what-was = Les données ne peuvent pas répondre : ces probabilités sont trop loin de celles qui ont été jouées.
report-what-if-no-outcomes-yet = Les données ne peuvent pas répondre : trop peu de commandes connues dans les 30 jours après un tour.

## La page

console-title = Bureau Makegood
console-skip = Aller au contenu
console-nav-today = Aujourd’hui
console-nav-wheel = Roue
console-nav-report = Rapport
console-nav-versions = Versions
console-nav-fairness = Équité
console-nav-explain = Pourquoi ?
console-language = English
console-sign-in = Se connecter
console-sign-out = Se déconnecter
console-key = Votre clé
console-key-help = Une clé de rôle marketer ou auditor : makegood keys create --role marketer
console-key-wrong = Cette clé n’est pas connue ici, ou a un autre rôle.
console-too-many = Trop d’essais. Attendez une minute.
console-session-over = Votre session est terminée. Reconnectez-vous.
console-role = { $label } · { $role }
console-campaign = Campagne
console-show = Afficher
console-today-title = Aujourd’hui en un coup d’œil
console-today-question = Est-ce que cela rapporte plus que ne rien faire ?
console-today-stockouts = Ruptures
console-today-offers = Offres
console-today-spins = Tours de roue
console-today-liability = Engagé sur le budget
console-today-left = reste { $left } sur { $amount }
console-today-waiting = Clients qui attendent
console-today-week = Une semaine d’attente de plus coûte { $expected } en moyenne, { $worst } au plus.
console-today-arms = Offres par branche, aujourd’hui
console-today-nothing = Rien pour l’instant.
console-today-chart = Ruptures des 30 derniers jours
console-wheel-title = La roue
console-wheel-intro = Déplacez un curseur : la roue, le coût et le fichier ci-dessous suivent. Rien n’est en ligne tant que vous n’avez pas publié.
console-wheel-weight = Poids
console-wheel-odds = Probabilité
console-wheel-stockouts = Ruptures par jour
console-wheel-used = Part des codes utilisés, en pour cent
console-wheel-days = Jours
console-wheel-spin = Coût moyen d’un tour
console-wheel-day = Coût moyen d’un jour
console-wheel-band = 5–95 % : { $low } à { $high }
console-wheel-worst = Pire cas d’un tour
console-wheel-budget = Budget
console-wheel-budget-lasts = jamais épuisé
console-wheel-budget-out =
    { $day ->
        [one] épuisé après { $day } jour
       *[other] épuisé après { $day } jours
    }
console-wheel-live = { $value } en ligne
console-wheel-changes = Ce qui change
console-wheel-same = Rien ne change.
console-wheel-toml = Le fichier à enregistrer
console-wheel-copy = Copier
console-wheel-copied = Copié ✓
console-wheel-publish = Publier ceci
console-wheel-note = Pourquoi (gardé avec la version)
console-wheel-sure = Publier maintenant ? Tous les processus l’ont en quelques secondes. Les offres en cours gardent leurs probabilités.
console-wheel-published = Publié sous le numéro { $number }.
console-wheel-flaw = Ceci ne peut pas être utilisé :
console-wheel-drawing = La roue telle que les clients la voient
console-wheel-failed = Le moteur n’a pas répondu. Réessayez.
console-report-title = Le rapport
console-report-units =
    { $n ->
        [one] { $n } client, compté par sa première rupture de l’expérience.
       *[other] { $n } clients, chacun compté par sa première rupture de l’expérience.
    }
console-report-none = Aucun client n’a encore été tiré dans une branche.
console-report-left-out =
    { $n ->
        [one] { $n } client a été tiré quand les parts des branches étaient autres ; il n’est pas compté.
       *[other] { $n } clients ont été tirés quand les parts des branches étaient autres ; ils ne sont pas comptés.
    }
console-report-split = La répartition est-elle celle prévue ?
console-report-arm = Branche
console-report-n = n
console-report-expected = attendu
console-report-figure = Indicateur
console-report-level = Branche
console-report-control = Témoin
console-report-interval = Écart, 95 % toujours valable
console-report-target = Objectif
console-report-verdict = En clair
console-report-chart = Écart au témoin, en pour cent de celui-ci
console-report-always = Ces intervalles peuvent être regardés chaque jour : tous les regards ensemble ne se trompent qu’une fois sur vingt au plus.
console-report-what-if = Et si une part avait eu une autre probabilité ?
console-report-slice = Part
console-report-percent = Sa probabilité, en pour cent
console-report-ask = Demander
console-report-was = Tel que c’était
console-report-ips = Propension inverse
console-report-dr = Doublement robuste
console-report-change = Écart
console-report-a-spin = Marge par tour en 30 jours
console-versions-title = Versions
console-versions-number = N°
console-versions-state = État
console-versions-when = Depuis
console-versions-by = Par
console-versions-what = Ce qui a changé
console-versions-live = en ligne
console-versions-over = passée
console-versions-to-come = à venir
console-versions-cancelled = annulée
console-versions-back = Y revenir
console-versions-back-to = retour à { $number }
console-versions-files = Fichiers
console-versions-older = Versions plus anciennes
console-versions-begin = Le début.
console-versions-done = La publication { $number } est en ligne.
console-versions-refused = Rien n’a changé : { $why }
console-fairness-title = Suivi de l’équité
console-fairness-intro = Les tirages face aux probabilités annoncées. Ce test peut être regardé sans fin : une roue équitable ne donne jamais l’alarme, sauf une fois sur cent.
console-fairness-fair = Conforme à ses probabilités (p = { $p })
console-fairness-alarm = Alarme : ces tirages ne vont pas avec les probabilités (p = { $p })
console-fairness-spins =
    { $n ->
        [one] { $n } tour de la version { $digest }
       *[other] { $n } tours de la version { $digest }
    }
console-fairness-slice = Part
console-fairness-disclosed = Annoncée
console-fairness-realised = Réalisée
console-fairness-none = Personne n’a encore tourné la roue.
console-explain-title = Pourquoi ce client a-t-il reçu cela ?
console-explain-id = Identifiant d’offre, de rupture ou de client
console-explain-ask = Expliquer
console-explain-unknown = Rien ici n’a cet identifiant.
console-explain-offer = Offre
console-explain-shopper = Client
console-explain-erased = effacé
console-explain-product = Article
console-explain-made = Faite
console-explain-campaign = Version de la campagne
console-explain-arm = Branche et sa probabilité
console-explain-decision = Décision
console-explain-eligible = éligible
console-explain-refused = refusé
console-explain-drawn = Tiré
console-explain-award = Récompense
console-explain-state = État
console-explain-reasons = Pourquoi pas
console-explain-facts = Ce que la décision a vu
console-explain-others = Autres offres de ce client

## Ce qu’une décision refusée a comparé

why-before = { $today } précède { $day }
why-after = { $today } suit { $day }
why-spins = tours sur les dernières { $days } × 24 heures : { $count }
why-address = tours d’autres clients à cette adresse : { $count }
why-old = { $hours } heures depuis, { $most } au plus
why-there = disponibles : { $count } ; demandés : { $asked }
why-less = { $minor }, moins que { $least_minor }
why-more = { $minor }, plus que { $most_minor }
why-won = { $minor } déjà gagnés, la limite est de { $most_minor }
why-no-basket = la boutique n’a pas communiqué de panier
why-throw-away = le fournisseur de cette adresse donne des adresses jetables
why-spent = le budget de cette période est épuisé
why-not-so = condition non remplie : { $source }
why-not-told = impossible à dire d’après ce qui a été vu : { $source }
why-excluded = { $was } est exclu
why-not-included = { $was } n’est pas inclus
why-not-one-of = { $was } ne fait pas partie de { $wanted }
why-not = { $was } n’est pas { $wanted }

## Ce qu’un changement fait (makegood diff, versions, curseurs)

change-campaign-new = L’opération « { $campaign } » est nouvelle.
change-campaign-ends = L’opération « { $campaign } » se termine : elle ne fait plus d’offre.
change-of-campaign = { $campaign } : { $what }
change-costs-of-new = { $campaign } : un tour coûte { $mean } en moyenne ; le budget est de { $budget }.
change-slice-new = les clients peuvent maintenant gagner « { $slice } », { $odds }.
change-slice-leaves = « { $slice } » quitte la roue.
change-slice-gives = la part « { $slice } » donne « { $now } » au lieu de « { $was } ».
change-slices-order = les parts changent d’ordre sur la roue.
change-odds-more = « { $slice } » devient plus probable : { $was } avant, { $now } maintenant.
change-odds-less = « { $slice } » devient moins probable : { $was } avant, { $now } maintenant.
change-stock = le stock de « { $reward } » est : { $now } ; avant : { $was }.
change-when-gone = quand il n’y a plus de « { $reward } », les clients reçoivent { $now } ; avant : { $was }.
change-reward = « { $reward } » change : { $what }.
change-field = { $field } { $was } → { $now }
change-mean = un tour coûte { $now } en moyenne au lieu de { $was }.
change-mean-by = un tour coûte { $now } en moyenne au lieu de { $was } ({ $change }).
change-worst = au pire, un tour coûte { $now } au lieu de { $was }.
change-budget = le budget est de { $now } ; avant : { $was }.
change-name = elle s’appelle { $now } ; avant : { $was }.
change-starts-on = premier jour : { $now } ; avant : { $was }.
change-ends-on = dernier jour : { $now } ; avant : { $was }.
change-priority = sa priorité est { $now } ; avant : { $was }.
change-offer-hours =
    { $now ->
        [one] les clients ont { $now } heure pour tourner la roue ; avant : { $was }.
       *[other] les clients ont { $now } heures pour tourner la roue ; avant : { $was }.
    }
change-time-zone = ses jours sont ceux de { $now } ; avant, ceux de { $was }.
change-condition-new = les clients doivent aussi remplir : { $condition }.
change-condition-gone = les clients n’ont plus à remplir : { $condition }.
change-waiting-begins = les clients peuvent maintenant attendre et gagner des points.
change-waiting-ends = l’attente n’est plus proposée.
change-waiting = attente : { $field } : { $now } ; avant : { $was }.
change-waiting-kept = ceux qui attendent déjà gardent les conditions de leur début.
change-milestone-new =
    { $points ->
        [one] attente : le palier à { $points } point est nouveau.
       *[other] attente : le palier à { $points } points est nouveau.
    }
change-milestone-gone =
    { $points ->
        [one] attente : le palier à { $points } point disparaît.
       *[other] attente : le palier à { $points } points disparaît.
    }
change-milestone-other =
    { $points ->
        [one] attente : le palier à { $points } point donne autre chose.
       *[other] attente : le palier à { $points } points donne autre chose.
    }
change-spend-new =
    { $points ->
        [one] attente : la récompense à { $points } point est nouvelle.
       *[other] attente : la récompense à { $points } points est nouvelle.
    }
change-spend-gone =
    { $points ->
        [one] attente : la récompense à { $points } point disparaît.
       *[other] attente : la récompense à { $points } points disparaît.
    }
change-spend-other =
    { $points ->
        [one] attente : la récompense à { $points } point est une autre.
       *[other] attente : la récompense à { $points } points est une autre.
    }
change-experiment-begins = une expérience commence : { $arms }.
change-experiment-ends = l’expérience se termine : tout est proposé à tout le monde.
change-arm = la branche « { $arm } » : { $now } ; avant : { $was }. Qui est dans une branche y reste.
change-shop = boutique : { $field } : { $now } ; avant : { $was }.
change-messages = messages en { $locale } : { $names }.
change-messages-more = messages en { $locale } : { $names } et { $more } de plus.
budget-per-day = { $amount } par jour
budget-per-week = { $amount } par semaine
budget-per-month = { $amount } par mois
budget-per-campaign = { $amount } en tout
word-none = aucun
word-yes = oui
word-no = non
word-not-told = non communiqué
word-not-there = absente
word-giving = qui donne « { $reward } »
word-with-waiting = avec l’attente
word-unlimited = illimité
word-units =
    { $n ->
        [one] { $n } unité
       *[other] { $n } unités
    }
word-same-still = toujours la même chose
word-quoted = « { $name } »

## Comment s’appellent les réglages

field-kind = genre
field-liability = coût maximal
field-valid-days = jours de validité
field-minimum-basket = panier minimal
field-stacks = cumulable
field-percent = pourcentage
field-amount = montant
field-sku = article
field-event = événement
field-on = jour de l’événement
field-points-per-day = points par jour
field-starter-points = points de départ
field-days-max = jours d’attente au plus
field-delay-bonus-points = points pour un retard
field-delay-bonuses-max = bonus de retard au plus
field-points-expire-days = jours où les points sont gardés ensuite
field-hold-hours = heures de mise de côté
field-safety-stock = stock de sécurité
field-hold-units-max = unités mises de côté par client au plus
field-with-wheel = attente à côté de la roue
field-name = nom
field-currency = monnaie
field-time-zone = fuseau horaire
field-locales = langues
field-allowed-origins = origines autorisées
field-jurisdiction = juridiction
field-reservation-minutes = minutes d’une réservation
field-delivery-days = jours de livraison
field-low-stock = stock faible
field-abandonment-change-percent = objectif de paniers abandonnés, évolution en pour cent
field-csat-percent = objectif de CSAT, en pour cent
field-nps = objectif de NPS
field-alternatives-change-percent = objectif d’articles de remplacement, évolution en pour cent
field-alerts-change-percent = objectif d’inscriptions aux alertes, évolution en pour cent
field-complaints-change-percent = objectif de réclamations, évolution en pour cent
field-margin-change-percent = objectif de marge, évolution en pour cent
field-token-per-minute = appels par minute avec un même jeton
field-shopper-per-minute = appels par minute d’un client
field-address-per-minute = appels par minute d’une adresse
field-key-per-minute = appels par minute d’une clé
field-code-misses-per-minute = codes inconnus par minute

## Pourquoi rien n’a changé

console-refused-nothing-changes = C’est déjà en ligne.
console-refused-publication-unknown = Cette publication n’existe pas.
console-refused-cancelled = Cette publication a été annulée : elle n’a jamais pris effet.
console-refused-unsound = Ce moteur ne sait pas lire ces fichiers ({ $about }).
console-refused-weight = Le poids de « { $about } » est un nombre entier de 1 à 1000000.
console-refused-slice-unknown = La roue n’a pas de part « { $about } ».
console-refused-campaign-unknown = Il n’y a pas d’opération « { $about } ».
console-refused-edit-the-file = Un poids se trouve là où cette page ne peut pas le changer : modifiez le fichier ({ $about }).
console-refused-nothing-published = Rien n’est encore publié.
console-refused-number = « { $about } » est un nombre entier de { $low } à { $high }.
console-refused-weights = Les poids se donnent part par part.
console-refused-purchase-required = Seuls ceux qui ont commandé peuvent participer : là où se trouve cette boutique, un jeu de hasard doit être ouvert sans achat.
console-refused-hidden-odds = Les chances de chaque part doivent être dites : le message « widget-more-odds » ne les dit pas.
console-refused-bundled-consent = Participer ne doit pas dépendre d’un accord à la publicité.
console-refused-form-stale = Ce formulaire est trop ancien. Rechargez la page.
console-refused-not-allowed = Une clé d’auditeur peut regarder, sans rien changer.
console-refused-other = Le moteur a refusé.
console-role-marketer = marketing
console-role-auditor = audit
console-versions-by-folder = le dossier de configuration
console-not-found = Cette publication n’existe pas ici.
console-report-flaw = Choisissez des parts de cette roue, avec des chances de 0 à 100 pour cent en tout.
console-status-refused = refusée
console-status-open = ouverte
console-status-spun = roue tournée
console-status-accepted = acceptée
console-status-lapsed = expirée
console-award-issued = remise
console-award-reserved = réservée pour une commande
console-award-redeemed = utilisée
console-award-refunded = remboursée
console-award-expired = expirée
console-award-void = annulée
report-what-if-too-young =
    { $n ->
        [one] Les données ne peuvent pas encore répondre : le seul tour a moins de 30 jours, le temps pendant lequel ses commandes comptent.
       *[other] Les données ne peuvent pas encore répondre : les { $n } tours ont tous moins de 30 jours, le temps pendant lequel leurs commandes comptent.
    }
report-what-if-few-old-enough = Les données ne peuvent pas encore répondre : { $old } tours sur { $n } ont 30 jours, le temps pendant lequel leurs commandes comptent ; il en faut { $least }.
console-titled = { $title } : { $name }
