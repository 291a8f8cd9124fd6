"""A demo's time machine: a week of patience in a minute. Not served outside a demo."""

from litestar import Controller, get, post

from engine import clock
from engine.api.security import Engine


class DemoClock(Controller):
    """What day it is in this demo, and the step to the next."""

    path = "/demo/clock"
    include_in_schema = False

    @get()
    async def today(self, services: Engine) -> dict[str, str]:
        return {"now": clock.now().isoformat(), "time_zone": services.config.shop.time_zone}

    @post("/next-day", status_code=200)
    async def next_day(self, services: Engine) -> dict[str, str]:
        """Move to the same time tomorrow and do the night's work, as the worker would."""
        clock.move_demo_a_day()
        await services.run_night()
        return {"now": clock.now().isoformat(), "time_zone": services.config.shop.time_zone}
