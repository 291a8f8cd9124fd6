# Tout ce qu’un client lit, en français. Une valeur entre accolades vient du moteur : { $label }.
# Avant % ; : ! ? se trouve une espace fine insécable.

## Récompenses : reward-<identifiant dans rewards.toml>

reward-discount-5 = 5 % de réduction
reward-discount-10 = 10 % de réduction
reward-discount-20 = 20 % de réduction
reward-free-shipping = Livraison offerte
reward-sample = Mini-bougie offerte
reward-vip-evening = Soirée privée
reward-early-access = Accès en avant-première

## Le nom d’une récompense qui n’a pas de message à elle, selon son genre

label-percent-off = { $percent } % de réduction
label-amount-off = { $amount } de réduction
label-free-shipping = Livraison offerte
label-sample = Cadeau offert
label-vip-access = Invitation : { $event }

## Pourquoi il n’y a pas de roue : une phrase par code, sans seuil ni secret

reason-stage-not-covered = Ce geste est réservé aux articles déjà mis au panier ou commandés.
reason-campaign-not-started = L’opération n’a pas encore commencé.
reason-campaign-over = L’opération est terminée.
reason-offer-expired = Cette offre n’est plus valable.
reason-market-not-covered = L’opération n’est pas proposée dans votre pays.
reason-currency-not-covered = L’opération n’est pas proposée dans cette devise.
reason-cart-too-small = Votre panier est un peu trop petit pour cette offre.
reason-cart-too-large = Votre panier dépasse ce que cette offre peut couvrir.
reason-cart-unknown = Nous ne connaissons pas le montant de votre panier.
reason-product-not-covered = Cet article ne fait pas partie de l’opération.
reason-category-not-covered = Ce rayon ne fait pas partie de l’opération.
reason-shopper-not-covered = Cette offre n’est pas ouverte à votre compte.
reason-too-many-spins = Une roue vous attend déjà, ou vous l’avez tournée récemment.
reason-award-limit-reached = Vous avez déjà reçu tout ce que nous pouvons offrir pour le moment.
reason-stockout-too-old = Trop de temps a passé depuis votre passage sur cet article.
reason-still-available = Bonne nouvelle : cet article est encore disponible.
reason-available-on-backorder = Bonne nouvelle : vous pouvez encore le commander, il arrivera simplement un peu plus tard.
reason-address-not-accepted = Nous ne pouvons pas accepter cette adresse e-mail.
reason-address-already-used = Une offre a déjà été faite pour cette adresse e-mail.
reason-budget-spent = Nous avons déjà offert tout ce qui était prévu pour le moment.
reason-condition-not-met = Cette offre ne correspond pas à votre commande.
reason-no-campaign = Il n’y a pas d’offre en ce moment.

## Le module <makegood-stockout>

widget-sold-out = « { $title } » est en rupture de stock.
widget-sold-out-unnamed = Cet article est en rupture de stock.
widget-wait-expected = Retour prévu le { $date }.
widget-wait-expected-unknown = La date de retour n’est pas encore connue.
widget-wait-why-supplier-delay = Notre fournisseur a pris du retard.
widget-wait-why-transport-delay = La livraison vers notre entrepôt a pris du retard.
widget-wait-why-high-demand = Vous avez été très nombreux à le vouloir.
widget-wait-why-production = La fabrication prend plus de temps que prévu.
widget-wait-why-quality-check = Le dernier lot n’était pas assez beau, nous l’avons renvoyé.
widget-wait-why-discontinued = Il n’est plus fabriqué.
widget-percent = { $n } %
widget-alternatives = À la place, peut-être :
widget-arms-not-eligible = Pas de roue cette fois-ci :
widget-invite = Pour nous faire pardonner, un tour de roue : chaque case gagne.
widget-spin = Tourner la roue
widget-decline = Non merci
widget-spinning = La roue tourne…
widget-declined = C’est noté.
widget-reopen = Revoir la roue
widget-wheel = Roue de { $count } cases
widget-odds-title = Vos chances, et la preuve
widget-more-odds =
    { $part ->
        [one] { $label } : { $part } chance sur { $whole } ({ $percent })
       *[other] { $label } : { $part } chances sur { $whole } ({ $percent })
    }
widget-more-when-gone = S’il n’y en a plus : { $label }
widget-more-commitment = Le nombre secret du tirage est déjà choisi. Son empreinte empêche d’en changer :
widget-more-seed = Votre part de hasard
widget-more-seed-mixed = Elle s’est mêlée au nombre secret.
widget-more-seed-help = Elle se mêle au nombre secret. Changez-la si vous voulez : 1 à 64 caractères, sans accents.
widget-won = Vous avez gagné : { $label }
widget-seldom-already = Vous avez déjà tourné la roue. Voici votre résultat.
widget-seldom-replaced = « { $label } » n’est plus disponible. Comme annoncé, vous recevez « { $instead } » à la place.
widget-copy = Copier
widget-copied = Copié ✓
widget-expires = Valable jusqu’au { $date }.
widget-seldom-status =
    { $status ->
        [reserved] Ce code est en cours d’utilisation sur une commande.
        [redeemed] Ce code a été utilisé.
        [refunded] La commande de ce code a été remboursée.
        [expired] Ce code a expiré.
       *[other] Ce code n’est plus valable.
    }
widget-verified = Tirage vérifié par votre navigateur.
widget-seldom-unverified = Attention : votre navigateur n’a pas pu confirmer ce tirage. Votre code reste valable ; montrez-nous la vérification.
widget-seldom-uncheckable = Cette page n’est pas en https : votre navigateur ne peut pas vérifier le tirage ici.
widget-check = Vérifier ce tirage
widget-failed = La connexion est perdue, rien d’autre.
widget-retry = Réessayer
widget-seldom-over = Cette offre n’est plus ouverte. Rechargez la page pour voir où elle en est.
widget-seldom-either = La roue ou l’attente ci-dessous : choisir l’une, c’est renoncer à l’autre.

## Les lignes, le résultat, le rayon

widget-sorry = { $name }, nous sommes désolés. Vous vouliez cet article et nous ne l’avons pas : c’est notre faute.
widget-sorry-unnamed = Nous sommes désolés. Vous vouliez cet article et nous ne l’avons pas : c’est notre faute.
widget-sound = Son
widget-told = Arrêt sur la case { $number } : { $slice }.
widget-send = Me l’envoyer
widget-apply = L’utiliser
widget-row-wait = Attendre, et être remercié chaque jour
widget-row-wait-hint = { $start } points, puis { $daily } par jour, et servi en premier au retour.
widget-row-notice = Me prévenir de son retour
widget-row-notice-on = Vous serez prévenu.
widget-row-order = Garder ou annuler ma commande
widget-stock-low =
    { $count ->
        [1] Le dernier
       *[other] Plus que { $count }
    }
widget-stock-out = Épuisé
widget-stock-back = · de retour le { $date }
widget-stock-backorder = Peut être commandé, arrive plus tard

## Ouverts d’un geste : les chances en mots, les messages, la commande

widget-more-notice = Un seul e-mail quand il pourra de nouveau être acheté, envoyé seulement si c’est encore vrai.
widget-more-notice-button = Prévenez-moi
widget-more-notice-done = Vous recevrez un e-mail à son retour.
widget-more-notice-off = Finalement, je n’en veux pas
widget-more-send = Où envoyer le code ?
widget-more-send-done = Votre code est en route.
widget-more-email = Votre adresse e-mail
widget-more-email-other = Une autre adresse que celle de votre compte (facultatif)
widget-more-only-this = L’adresse sert à ce seul message, puis elle est oubliée. Pas de lettre d’information.
widget-more-failed = La connexion a été perdue. Réessayez : rien n’est fait deux fois.
widget-more-refused =
    { $code ->
        [still_available] Bonne nouvelle : il est de nouveau disponible.
        [invalid_field] Cela ne ressemble pas à une adresse e-mail.
        [order_cancelled] Cette commande est déjà annulée.
       *[other] Ce n’est plus ouvert. Rechargez la page pour voir où cela en est.
    }
widget-more-order =
    { $choice ->
        [keep] Votre commande est gardée : il part dès son retour.
        [cancel] Votre commande est annulée, et la boutique est prévenue.
       *[other] Vous l’avez déjà commandé. Gardez la commande, et il part dès son retour. Ou annulez-la, et vous ne le payez pas.
    }
widget-more-keep = Garder ma commande
widget-more-cancel = Annuler ma commande
widget-more-cancel-sure = Annuler cette commande ? C’est sans retour : il faudrait commander de nouveau.
widget-more-cancel-yes = Oui, l’annuler
widget-more-cancel-no = Non, la garder
widget-wait-odds =
    { $part ->
        [one] { $label } : { $part } chance sur { $whole } ({ $percent })
       *[other] { $label } : { $part } chances sur { $whole } ({ $percent })
    }
widget-wait-seed = Votre part de hasard
widget-wait-seed-help = Elle se mêle au nombre secret. Changez-la si vous voulez : 1 à 64 caractères, sans accents.

## L’attente, dans <makegood-stockout> et <makegood-patience>

widget-wait-starter =
    { $count ->
        [one] { $count } point pour commencer
       *[other] { $count } points pour commencer
    }
widget-wait-daily =
    { $count ->
        [one] { $count } point par jour
       *[other] { $count } points par jour
    }
widget-wait-slip =
    { $count ->
        [one] { $count } point si la date recule
       *[other] { $count } points si la date recule
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
        [0] , tout de suite
        [one] , après { $days } jour
       *[other] , après { $days } jours
    }
widget-wait-rule-queue = À son retour, ceux qui ont le plus de points passent d’abord, et nous gardons le vôtre { $hours } heures.
widget-wait-rule-end = L’attente prend fin quand vous achetez, quand vous arrêtez (deux clics, à tout moment), ou après { $days } jours.
widget-wait-rule-expiry = Les points qui vous restent alors se dépensent encore pendant { $days } jours, puis expirent.
widget-wait-rule-spend = { $points } points permettent aussi d’obtenir : { $label }. Les étapes restent à portée.
widget-wait-join = Attendre et gagner des points
widget-wait-nothing-else = Cela ne vous inscrit à rien d’autre : ni publicité, ni lettre d’information.
widget-wait-draw = Comment la surprise est tirée
widget-wait-commitment = Comme pour la roue, son nombre secret est déjà choisi. Son empreinte empêche d’en changer :
widget-wait-joined = Vous attendez, et cela compte
widget-wait-welcome =
    { $count ->
        [one] C’est fait, vous avez { $count } point.
       *[other] C’est fait, vous avez { $count } points.
    }
widget-wait-missing =
    { $count ->
        [one] Encore { $count } point : { $label }
       *[other] Encore { $count } points : { $label }
    }
widget-wait-on = (le { $date }).
widget-wait-all-reached = Vous avez atteint toutes les étapes.
widget-wait-account = Voir mes points et mes jours
widget-wait-account-hint = Vos points et vos jours sont dans votre compte client.
widget-wait-failed = La connexion s’est interrompue. Réessayez : rien ne sera fait deux fois.
widget-wait-refused =
    { $code ->
        [still_available] Bonne nouvelle : il est de nouveau disponible, inutile d’attendre.
        [wheel_chosen] Vous avez tourné la roue pour cet article : c’était la roue ou l’attente.
        [budget_spent] Nous avons déjà promis tout ce qui était prévu pour le moment.
        [points_short] Vous n’avez plus assez de points pour cela.
        [points_expired] Ces points ont expiré.
       *[other] Ce n’est plus ouvert. Rechargez la page pour voir où cela en est.
    }
widget-seldom-back = « { $title } » est de retour
widget-seldom-back-unnamed = De retour
widget-seldom-arrived = Il est de retour, et chaque exemplaire est gardé pour ceux qui passent avant vous. Ce qu’ils ne prennent pas va aux suivants.
widget-wait-milestone = étape
widget-wait-held-title = De retour, et gardé pour vous
widget-wait-hold =
    { $quantity ->
        [one] Un exemplaire vous est gardé jusqu’au { $date }.
       *[other] { $quantity } exemplaires vous sont gardés jusqu’au { $date }.
    }
widget-wait-hold-next = Ensuite, il ira à la personne suivante.
widget-wait-buy = L’acheter maintenant
widget-wait-queue-first = Vous êtes en tête de file.
widget-wait-queue =
    { $count ->
        [one] { $count } personne passe avant vous.
       *[other] { $count } personnes passent avant vous.
    }
widget-wait-moved = Il était promis pour le { $date }. Nous en sommes désolés.
widget-wait-promises = Toutes les dates annoncées
widget-wait-promise = Le { $told }, nous avons dit : le { $date }.
widget-wait-days = Vos jours, depuis le premier
widget-wait-today = aujourd’hui
widget-wait-goal = prochaine étape
widget-wait-goal-reached = étape atteinte
widget-wait-promised = retour prévu
widget-wait-milestones = Étapes
widget-wait-due = le { $date }
widget-wait-out-of-reach = hors de portée d’ici au dernier jour
widget-wait-missed = non atteinte
widget-wait-drawn = { $label } : { $award }
widget-wait-reached = Étape atteinte : { $label }.
widget-wait-check = Vérifier ce tirage
widget-wait-spend = Dépenser des points
widget-wait-spend-text = Dépenser des points n’éloigne pas les étapes, mais ceux qui en ont le plus sont servis d’abord.
widget-wait-spend-button =
    { $count ->
        [one] L’obtenir pour { $count } point
       *[other] L’obtenir pour { $count } points
    }
widget-wait-short =
    { $count ->
        [one] · il manque { $count } point
       *[other] · il manque { $count } points
    }
widget-wait-spend-sure = « { $label } » pour { $points } points ? Il vous en restera { $left }.
widget-wait-spend-yes =
    { $count ->
        [one] Oui, dépenser { $count } point
       *[other] Oui, dépenser { $count } points
    }
widget-wait-spend-no = Pas maintenant
widget-wait-claimed = { $label }, pour { $points } points
widget-wait-ledger = Chaque point, ligne par ligne
widget-wait-sum = Maintenant
widget-wait-leave = Ne plus attendre
widget-wait-leave-sure = Ne plus attendre ? Votre place dans la file va à la personne suivante, et les étapes qui restaient sont abandonnées. Ce que vous avez gagné reste à vous.
widget-wait-leave-points =
    { $points ->
        [one] Votre point se dépense encore pendant { $days } jours.
       *[other] Vos points se dépensent encore pendant { $days } jours.
    }
widget-wait-leave-yes = Ne plus attendre
widget-wait-leave-no = Continuer d’attendre
widget-wait-ended =
    { $status ->
        [bought] Il est à vous. Merci de votre patience.
        [left] Vous avez cessé d’attendre.
        [lapsed] Il vous était gardé, mais le délai est passé. Il est allé à la personne suivante.
       *[over] L’attente a atteint son dernier jour avant son retour. Nous en sommes désolés.
    }
widget-wait-expire =
    { $points ->
        [one] Votre dernier point se dépense jusqu’au { $date }. Il expire ensuite.
       *[other] Vos { $points } points se dépensent jusqu’au { $date }. Ils expirent ensuite.
    }
widget-wait-empty = Vous n’attendez rien pour le moment.

## La page /verify

verify-title = Vérifier un tirage
verify-intro = Cette page refait tout le calcul dans votre navigateur, à partir de ce que le client a reçu. Rien n’est envoyé à la boutique.
verify-other = Le reçu à vérifier
verify-paste = Collez ici le reçu (JSON) ou le lien « Vérifier ce tirage », ou déposez un fichier
verify-button = Vérifier
verify-not-receipt = Ce texte n’est pas un reçu de tirage.
verify-good = Tout concorde. Ce tirage est authentique.
verify-bad =
    { $count ->
        [one] { $count } valeur ne concorde pas. Ce reçu n’est pas celui d’un tirage honnête, ou il a été modifié.
       *[other] { $count } valeurs ne concordent pas. Ce reçu n’est pas celui d’un tirage honnête, ou il a été modifié.
    }
verify-unable = Votre navigateur ne peut pas vérifier ici : la cryptographie exige une page en https (ou localhost). Ouvrez cette page en https.
verify-outcome = La case tirée : « { $label } », à { $stop } tour de la roue.
verify-given = Reçu
verify-computed = Calculé ici
verify-matches = concorde
verify-differs = ne concorde pas
verify-step-promise = La promesse
verify-step-promise-text = Avant que le client ne choisisse sa part de hasard, la boutique a publié l’empreinte de son nombre secret. Elle l’a révélé après : l’empreinte doit être la même.
verify-step-table = La roue montrée
verify-step-table-text = Chaque case a reçu autant de tickets que son poids. L’empreinte de ce tableau entre dans le tirage : personne ne peut le changer après coup.
verify-step-you = La part du client
verify-step-you-text = Le nombre du client et le numéro de l’offre entrent aussi dans le tirage : la boutique ne peut pas connaître le résultat à l’avance.
verify-step-draw = Le tirage
verify-step-draw-text = Le tout est mélangé par HMAC-SHA256. Le résultat donne un ticket, la case qui le contient, et le point d’arrêt de la roue.
verify-step-reward = La récompense
verify-step-reward-text = La récompense remise est celle de la case, ou celle annoncée pour la remplacer.
verify-step-secret = Le secret du jour
verify-step-secret-text = Les nombres secrets d’une journée viennent d’un seul secret, scellé le matin et publié quand la dernière offre du jour est close. On voit alors qu’aucun n’a été choisi à la main.
verify-secret-sealed = Pas encore publié : il le sera quand toutes les offres du { $date } seront closes.
verify-secret-unlisted = La boutique n’a annoncé aucun secret pour le { $date }.
verify-secret-unreachable = La boutique ne répond pas. Les vérifications ci-dessus n’ont pas besoin d’elle.
verify-check-algorithm = Algorithme
verify-check-algorithm-kept = Algorithme nommé dans la preuve
verify-check-commitment = Empreinte du nombre secret révélé
verify-check-commitment-kept = Empreinte rappelée dans la preuve
verify-check-table-digest = Empreinte de la roue
verify-check-table-digest-kept = Empreinte de la roue rappelée dans la preuve
verify-check-total-weight = Nombre de tickets
verify-check-odds = Chances affichées à côté des parts
verify-check-offer-id = Numéro de l’offre
verify-check-client-seed = Part de hasard du client
verify-check-round = Passage
verify-check-ticket = Ticket
verify-check-slice = Case
verify-check-slice-index = Position de la case (depuis 0)
verify-check-stop = Point d’arrêt, en tours
verify-check-reward = Récompense
verify-check-readable = Reçu complet et lisible
verify-check-secret-digest = Empreinte du secret du jour
verify-check-server-seed = Nombre secret tiré du secret du jour
verify-slice = Case
verify-tickets = Tickets
verify-odds = Chances
verify-surprise-good = Tout concorde. Ce tirage est authentique.
verify-surprise-outcome = La surprise tirée : « { $label } ».
verify-surprise-step-table = La liste montrée
verify-surprise-step-table-text = Chaque ligne de la liste a reçu autant de tickets que son poids. L’empreinte de cette liste entre dans le tirage : personne ne peut la changer après coup.
verify-surprise-step-secret-text = Les nombres secrets d’une journée viennent d’un seul secret, scellé le matin et publié quand l’attente née des offres du jour est close. On voit alors qu’aucun n’a été choisi à la main.
verify-surprise-secret-sealed = Pas encore publié : il le sera quand l’attente née des offres du { $date } sera close.

## La boutique de démonstration

demo-title = Maison Lueur
demo-tagline = Lumières et objets doux pour la maison
demo-hero = Des lumières douces, des objets qui durent.
demo-hero-text = Petites séries, beaux matériaux. Il arrive donc que tout parte d’un coup : c’est là que Makegood entre en scène.
demo-about = Boutique de démonstration. Tout y est fictif, sauf Makegood.
demo-tour = La visite en trois pas
demo-tour-basket = Mettez la lampe Lune 38 au panier. Elle partira sous vos yeux.
demo-tour-spin = Tournez la roue et copiez votre code.
demo-tour-checkout = Utilisez le code en caisse.
demo-tour-start = Voir la lampe Lune 38
demo-verify = Vérifier un tirage de la roue
demo-new-shopper = Nouveau client
demo-new-shopper-title = Recommencer avec un panier vide et une nouvelle identité
demo-language = English
demo-basket = Panier
demo-basket-count =
    { $count ->
        [one] Panier, { $count } article
       *[other] Panier, { $count } articles
    }
demo-skip = Aller au contenu
demo-products = Nos objets
demo-sold-out = Épuisé
demo-wanted = Très demandé
demo-in-stock = En stock
demo-back = Toute la boutique
demo-add = Ajouter au panier
demo-added = Ajouté au panier
demo-see-basket = Voir le panier
demo-basket-empty = Votre panier est vide.
demo-basket-fill = Choisir un objet
demo-just-sold-out = Vient de partir
demo-just-sold-out-text = Quelqu’un a pris le dernier pendant votre visite. Il n’est pas compté dans le total.
demo-fallback = Nous sommes désolés. Écrivez-nous, et nous vous dirons quand il sera de retour.
demo-swap = Prendre « { $name } » à la place
demo-remove = Retirer
demo-quantity = Quantité
demo-fewer = Un de moins
demo-more = Un de plus
demo-subtotal = Sous-total
demo-shipping = Livraison
demo-shipping-free = Offerte
demo-total = Total
demo-to-checkout = Passer commande
demo-nothing-to-order = Il ne reste rien à commander pour le moment. Choisissez un autre objet.
demo-checkout = Paiement
demo-order = Commande { $order }
demo-deliver-to = Livraison
demo-address = Ada Martin, 12 rue des Lilas, 69004 Lyon
demo-pay-with = Paiement
demo-card = Carte de démonstration se terminant par 4242. Rien ne sera débité.
demo-code = Code de réduction
demo-code-apply = Appliquer
demo-code-use = Utiliser mon code { $code }
demo-code-remove = Retirer le code
demo-code-held = Code réservé pour cette commande : { $label }
demo-code-invitation = Invitation confirmée avec cette commande
demo-gift = Cadeau : { $name }
demo-pay = Payer { $total }
demo-cancel = Annuler la commande
demo-cancelled = Commande annulée. Votre code est de nouveau libre.
demo-thanks = Merci, c’est commandé !
demo-thanks-text = Commande { $order }, { $total }. Vous n’avez rien payé : c’est une démonstration.
demo-thanks-saved = Votre code vous a fait économiser { $amount }.
demo-thanks-code = Votre code a bien été utilisé : { $label }.
demo-continue = Continuer la visite
demo-error = La boutique n’a pas pu répondre. Réessayez dans un instant.
demo-code-refused =
    { $code ->
        [code_unknown] Nous ne connaissons pas ce code. Vérifiez qu’il est complet.
        [code_reserved] Ce code est déjà réservé pour une autre commande.
        [code_already_redeemed] Ce code a déjà été utilisé.
        [redemption_not_reserved] La réservation de ce code a pris fin. Retirez-le, puis entrez-le de nouveau.
        [code_expired] Ce code a expiré.
        [basket_too_small] Le panier est trop petit pour ce code.
        [code_of_another_shopper] Ce code a été gagné par quelqu’un d’autre.
       *[other] Ce code ne peut pas être utilisé sur cette commande.
    }

## Le compte client de la boutique de démonstration, et sa machine à remonter le temps

demo-account = Mon compte
demo-account-title = Bonjour Ada
demo-account-text = Ce que vous attendez, et ce que cela vous a rapporté.
demo-account-empty = Vous n’attendez rien. Mettez la lampe Lune 38 au panier : quand elle sera épuisée, choisissez « Attendre et gagner des points ».
demo-account-start = Voir la lampe Lune 38
demo-bar = Démo
demo-bar-title = Démonstration : avancer le temps et le stock
demo-bar-next-day = Jour suivant
demo-bar-restock = Réassort
demo-bar-sell-out = Épuiser
demo-bar-done-sell-out = De nouveau épuisé : { $name }.
demo-bar-slip = Retard d’une semaine
demo-bar-done-next-day = Nous sommes demain. Les points de la nuit sont là.
demo-bar-done-restock = De retour en stock : { $name }.
demo-bar-done-slip = La date a reculé d’une semaine.
demo-bar-failed = Cela n’a pas marché. Réessayez.
demo-variants = Choisissez le vôtre
demo-orders = Vos commandes
demo-orders-text = Votre commande ML-20417 de la semaine dernière a un souci : un article n’est pas là.
demo-order-see = Voir cette commande
demo-order-title = Commande ML-20417
demo-order-text = Vous avez commandé « { $name } » la semaine dernière. Il aurait dû être emballé aujourd’hui.
demo-letters = Nos messages
demo-letter =
    { $kind ->
        [restock-notice] De retour : { $about }.
        [code-wanted] Votre code : { $about }.
        [order-kept] Nous gardons votre commande : { $about }.
       *[other] Nous avons annulé votre commande : { $about }.
    }
demo-kept = Gardé pour vous

# Patience : ce que disent les points et les étapes.

label-surprise = Cadeau surprise
entry-accrual = Un jour de patience
entry-welcome = Points de bienvenue
entry-delay-bonus = Date repoussée, avec nos excuses
entry-milestone = Étape atteinte
entry-claim = Points dépensés
entry-reversal = Points rendus
entry-expiry = Points expirés

## Le règlement que la boutique publie : makegood rules-text

rules-title = Règlement de « { $campaign } », { $shop }
rules-organiser = { $shop } organise cette opération. Quand un article est épuisé, c’est notre façon de demander pardon.
rules-dates-title = Quand
rules-dates-both = Du { $starts } au { $ends } inclus (jours de { $zone }).
rules-dates-until = Jusqu’au { $ends } inclus (jours de { $zone }).
rules-dates-from = À partir du { $starts }, jusqu’à ce que nous en annoncions la fin (jours de { $zone }).
rules-dates-open = Jusqu’à ce que nous en annoncions la fin.
rules-who-title = Qui peut participer
rules-free = Participer est gratuit. Cela ne vous inscrit à rien, et refuser ne vous coûte rien. Ces conditions s’appliquent :
rules-test = Pour savoir ce qui aide, le hasard décide à qui nous montrons la roue, et à qui autre chose ou rien.
rules-stage-viewed = consulté
rules-stage-saved = mis de côté
rules-stage-in-cart = mis au panier
rules-stage-ordered = commandé
rules-if-stage-in = L’article épuisé était : { $stages }.
rules-if-market-in = La boutique de ces pays : { $markets }.
rules-if-currency-in = Le panier est en : { $currencies }.
rules-if-cart-from = Le panier s’élève à { $low } au moins.
rules-if-cart-between = Le panier s’élève à { $low } au moins et { $high } au plus.
rules-if-skus = Vaut pour ces articles : { $names }.
rules-if-skus-not = Ne vaut pas pour ces articles : { $names }.
rules-if-categories = Vaut pour ces familles d’articles : { $names }.
rules-if-categories-not = Ne vaut pas pour ces familles d’articles : { $names }.
rules-if-segments = S’adresse à ces groupes de clients : { $names }.
rules-if-segments-not = Ne s’adresse pas à ces groupes de clients : { $names }.
rules-if-spins-at-most = Au plus { $count } en { $days } par personne.
rules-if-awards-at-most = Les récompenses d’une personne restent sous { $amount } en { $days }.
rules-if-stockout-within = Cela s’est passé il y a { $hours } au plus.
rules-if-out-of-stock = L’article est réellement épuisé.
rules-if-not-backorderable = L’article ne peut pas être commandé pour plus tard.
rules-if-address-accepted = L’adresse e-mail, si vous en donnez une, n’est pas une adresse jetable.
rules-if-one-person-per-address = Une personne par adresse e-mail.
rules-if-budget-left = Ce qui était prévu pour la période n’est pas entièrement donné.
rules-if-when = Cette condition est remplie : `{ $expression }`.
rules-odds-title = Les probabilités
rules-odds = Chaque part gagne, et sa largeur à l’écran est sa probabilité. Vous avez { $hours } pour tourner la roue, une fois.
rules-column-reward = Récompense
rules-column-odds = Probabilité
rules-column-weight = Poids
rules-column-stock = Nombre
rules-column-gone = Quand il n’y en a plus
rules-rewards-title = Les récompenses
rules-valid = Valable { $days }.
rules-basket = À partir d’un panier de { $amount }.
rules-most = Vaut { $amount } au plus.
rules-event = { $event }, le { $day }.
rules-stacks = Cumulable avec un autre code.
rules-stacks-not = Non cumulable avec un autre code.
rules-wait-title = Attendre
rules-wait-points = { $starter } pour commencer et { $daily } par jour d’attente, pendant { $days } au plus.
rules-wait-slip = { $points } de plus quand la date promise recule, { $times } au plus.
rules-wait-milestone = À { $points } : { $reward }.
rules-wait-spend = Pour { $points } : { $reward }.
rules-wait-hold = Quand l’article revient, ceux qui ont le plus de points passent d’abord, et il leur est gardé { $hours }. Les points restants à la fin expirent après { $days }.
rules-limits-title = Limites
rules-budget = Nous donnons { $amount } { $period } au plus. Quand tout est donné, il n’y a plus de roue jusqu’à la période suivante ; une roue déjà montrée garde ses probabilités.
rules-period-day = par jour
rules-period-week = par semaine
rules-period-month = par mois
rules-period-campaign = en tout
rules-fair-title = Le tirage, et comment le vérifier
rules-fair = Avant que vous ne tourniez la roue, nous publions l’empreinte d’un nombre secret ; votre navigateur ajoute le sien ; les deux décident. Ensuite nous montrons le nombre secret, et chacun peut refaire le calcul, à l’adresse /verify de notre moteur.
rules-data-title = Vos données
rules-data = Nous utilisons votre numéro de client, ce que vous vouliez et ce que vous avez gagné, pour vous remettre la récompense et tenir ce règlement. Écrivez-nous, et nous vous montrons tout ou l’effaçons.
rules-version = Ce règlement est tiré de la version { $digest } de la campagne.

## Les branches d’une expérience, dans <makegood-stockout>

widget-arms-invite = Pour nous faire pardonner, ceci est à vous : { $label }
widget-arms-take = Je le prends
widget-arms-yours = C’est à vous : { $label }
widget-arms-over = Ce n’est plus possible. Rechargez la page pour voir où cela en est.

## Les deux questions après coup, dans <makegood-survey>

widget-survey-title = Deux questions, si vous voulez bien
widget-survey-csat = Comment avons-nous géré cela ?
widget-survey-csat-low = mal
widget-survey-csat-high = très bien
widget-survey-nps = Nous recommanderiez-vous à un ami ?
widget-survey-nps-low = sûrement pas
widget-survey-nps-high = sans hésiter
widget-survey-send = Envoyer
widget-survey-thanks = Merci. Cela nous aide à mieux faire.
widget-survey-failed = Cela ne nous est pas parvenu. Réessayez.
widget-survey-empty = Choisissez d’abord un chiffre, ou laissez : les deux conviennent.
widget-survey-note = Vos réponses sont gardées avec cette visite et ne servent qu’à cette question.
rules-n-days =
    { $n ->
        [one] { $n } jour
       *[other] { $n } jours
    }
rules-n-hours =
    { $n ->
        [one] { $n } heure
       *[other] { $n } heures
    }
rules-n-points =
    { $n ->
        [one] { $n } point
       *[other] { $n } points
    }
rules-n-times =
    { $n ->
        [one] { $n } fois
       *[other] { $n } fois
    }
