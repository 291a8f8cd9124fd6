"""What flows that grant rewards and tell the world about it work with."""

from typing import NamedTuple

from engine import live
from engine.announcements import Announcer
from engine.live import Teller
from engine.vault import Vault
from engine.versions import Versions


class Kit(NamedTuple):
    """The installation's secrets, its published versions, and its voices: to the shop's server, and to open pages."""

    vault: Vault
    versions: Versions
    announce: Announcer
    tell: Teller = live.to_nobody
