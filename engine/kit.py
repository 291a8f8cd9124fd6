"""What flows that grant rewards and tell the world about it work with."""

from typing import NamedTuple

from engine.announcements import Announcer
from engine.vault import Vault
from engine.versions import Versions


class Kit(NamedTuple):
    """The installation's secrets, its published versions, and its voice."""

    vault: Vault
    versions: Versions
    announce: Announcer
