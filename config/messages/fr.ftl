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
reason-market-not-covered = L’opération n’est pas proposée dans votre pays.
reason-currency-not-covered = L’opération n’est pas proposée dans cette devise.
reason-cart-too-small = Votre panier est un peu trop petit pour cette offre.
reason-cart-too-large = Votre panier dépasse ce que cette offre peut couvrir.
reason-cart-unknown = Nous ne connaissons pas le montant de votre panier.
reason-product-not-covered = Cet article ne fait pas partie de l’opération.
reason-category-not-covered = Ce rayon ne fait pas partie de l’opération.
reason-shopper-not-covered = Cette offre n’est pas ouverte à votre compte.
reason-too-many-spins = Vous avez déjà tourné la roue récemment.
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
widget-expected = Retour prévu le { $date }.
widget-expected-unknown = La date de retour n’est pas encore connue.
widget-why-supplier-delay = Notre fournisseur a pris du retard.
widget-why-transport-delay = La livraison vers notre entrepôt a pris du retard.
widget-why-high-demand = Vous avez été très nombreux à le vouloir.
widget-why-production = La fabrication prend plus de temps que prévu.
widget-why-quality-check = Le dernier lot n’était pas assez beau, nous l’avons renvoyé.
widget-why-discontinued = Il n’est plus fabriqué.
widget-alternatives = À la place, vous pourriez aimer :
widget-not-eligible = Pas de roue cette fois-ci :
widget-invite = Nous sommes désolés. Pour nous faire pardonner, un tour de roue : chaque case est gagnante.
widget-spin = Tourner la roue
widget-decline = Non merci
widget-spinning = La roue tourne…
widget-declined = C’est noté, pas de roue. Vous pouvez changer d’avis.
widget-reopen = Revoir la roue
widget-wheel = Roue de { $count } cases, aussi larges que leurs chances
widget-odds-title = Vos chances, et la preuve du tirage
widget-odds =
    { $part ->
        [one] { $label } : { $part } chance sur { $whole } ({ $percent })
       *[other] { $label } : { $part } chances sur { $whole } ({ $percent })
    }
widget-when-gone = S’il n’y en a plus : { $label }
widget-commitment = Le nombre secret du tirage est déjà choisi. Son empreinte empêche d’en changer :
widget-seed = Votre part de hasard
widget-seed-help = Elle se mêle au nombre secret. Changez-la si vous voulez : 1 à 64 caractères, sans accents.
widget-won = Vous avez gagné : { $label }
widget-already = Vous avez déjà tourné la roue. Voici votre résultat.
widget-replaced = « { $label } » n’est plus disponible. Comme annoncé, vous recevez « { $instead } » à la place.
widget-copy = Copier le code
widget-copied = Copié ✓
widget-expires = Valable jusqu’au { $date }.
widget-status =
    { $status ->
        [reserved] Ce code est en cours d’utilisation sur une commande.
        [redeemed] Ce code a été utilisé.
        [refunded] La commande de ce code a été remboursée.
        [expired] Ce code a expiré.
       *[other] Ce code n’est plus valable.
    }
widget-verified = Tirage vérifié par votre navigateur.
widget-unverified = Attention : votre navigateur n’a pas pu confirmer ce tirage. Votre code reste valable ; montrez-nous la vérification.
widget-uncheckable = Cette page n’est pas en https : votre navigateur ne peut pas vérifier le tirage ici.
widget-check = Vérifier ce tirage
widget-failed = La connexion s’est interrompue. Votre tour n’est pas perdu : réessayez.
widget-retry = Réessayer
widget-over = Cette offre n’est plus ouverte. Rechargez la page pour voir où elle en est.

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
verify-check-commitment = Empreinte du nombre secret révélé
verify-check-commitment-kept = Empreinte rappelée dans la preuve
verify-check-table-digest = Empreinte de la roue
verify-check-table-kept = Empreinte de la roue rappelée dans la preuve
verify-check-total-weight = Nombre de tickets
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

# Patience : ce que disent les points et les étapes.

label-surprise = Cadeau surprise
entry-accrual = Un jour de patience
entry-welcome = Points de bienvenue
entry-delay-bonus = Date repoussée, avec nos excuses
entry-milestone = Étape atteinte
entry-claim = Points dépensés
entry-reversal = Points rendus
entry-expiry = Points expirés
