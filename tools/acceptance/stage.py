"""Who takes part."""

import dataclasses

from alarms import Tap
from checks import Report
from client import Client
from deployment import Deployment
from lab import Lab
from managers import Manager


@dataclasses.dataclass(frozen=True)
class Stage:
    """``tap``: receives the alarms of administrators. ``admin``: Fenix's API as they use it.

    ``write_conversation``: the recorded conversation becomes the one that the manual shows.
    """

    report: Report
    lab: Lab
    fenix: Deployment
    admin: Client
    managers: tuple[Manager, Manager]  # of vnf-a and vnf-b
    tap: Tap
    write_conversation: bool = False
