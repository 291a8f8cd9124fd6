"""What callers were told, kept to be compared: nothing that was said once may be said otherwise later."""

from collections.abc import Mapping
from typing import Any


class Promises:
    """Takes every acknowledged answer, and remembers each that breaks what an earlier one promised."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self._offers: dict[str, tuple[object, ...]] = {}
        self._spins: dict[str, tuple[object, ...]] = {}
        self._codes: dict[str, str] = {}
        self._holds: dict[str, str] = {}
        self._spent: set[str] = set()
        self._points: dict[str, int] = {}

    def offered(self, stockout_id: str, offer: Mapping[str, Any]) -> None:
        """One stockout, one offer: the same wheel, whatever a marketer publishes meanwhile."""
        wheel = offer["wheel"] or {}
        told = (offer["offer_id"], offer["arm"], wheel.get("table_digest"), wheel.get("commitment"))
        if self._offers.setdefault(stockout_id, told) != told:
            self.broken.append(f"another offer for stockout {stockout_id}")

    def spun(self, offer_id: str, spin: Mapping[str, Any]) -> None:
        """One offer, one award; and one code for one award."""
        award = spin["award"]
        told = (spin["spin_id"], award["award_id"], award["code"], award["reward"], spin["stop"])
        if self._spins.setdefault(offer_id, told) != told:
            self.broken.append(f"a second award for offer {offer_id}")
        elif self._codes.setdefault(award["code"], offer_id) != offer_id:
            self.broken.append(f"one code for two offers: {offer_id}")

    def listed(self, offer_id: str, awards: list[Mapping[str, Any]]) -> None:
        """A shopper's own list has what the spin gave, once."""
        own = [(one["award_id"], one["code"]) for one in awards if one["offer_id"] == offer_id]
        spin = self._spins.get(offer_id)
        if spin is not None and own != [spin[1:3]]:
            self.broken.append(f"{len(own)} awards listed for offer {offer_id}")

    def held(self, code: str, order_id: str) -> None:
        """A code is one order's until that order lets it go, and nobody's once it is redeemed."""
        if code in self._spent or self._holds.setdefault(code, order_id) != order_id:
            self.broken.append(f"a code used twice, by order {order_id}")

    def released(self, code: str) -> None:
        self._holds.pop(code, None)

    def redeemed(self, code: str, order_id: str) -> None:
        if code in self._spent or self._holds.get(code) != order_id:
            self.broken.append(f"a code redeemed twice, by order {order_id}")
        self._spent.add(code)

    def counted(self, enrolment_id: str, seen: Mapping[str, Any]) -> None:
        """Points are what their entries come to, and whoever only waits never has fewer than before."""
        points = seen["points"]
        if points != sum(entry["points"] for entry in seen["entries"]):
            self.broken.append(f"points that no entries explain, of enrolment {enrolment_id}")
        if points < self._points.get(enrolment_id, 0):
            self.broken.append(f"points were lost by enrolment {enrolment_id}")
        self._points[enrolment_id] = points
