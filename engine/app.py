"""The composition root of the serving process: settings in, one ASGI application out."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from secrets import token_hex

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ControllerRouterHandler

from engine import logs
from engine.api import console, document, health, problems, public
from engine.api.again import retry_what_clashed
from engine.api.bodies import JsonRequest
from engine.api.desk import ReportController
from engine.api.guesses import refusing_guesses
from engine.api.headers import answering
from engine.api.hot import before_router
from engine.api.live import LiveController
from engine.api.merchant import MerchantController
from engine.api.paths import SlashesAgain, keeping_slashes
from engine.api.patience import EnrolmentController, PatienceDeskController
from engine.api.storefront import HOT, StorefrontController
from engine.processes import die_with_parent, when_told_to_stop
from engine.services import Services
from engine.settings import Settings, SettingsError, read
from engine.toml_files import ConfigError

BODY_BYTES_MAX = 64 * 1024
EXIT_BAD_CONFIG = 2
GZIP_LEVEL = 6  # of what is not compressed beforehand


def create_app(settings: Settings | None = None) -> Litestar:
    """Make the application; settings come from the environment where none are given."""
    settings = settings or read()
    logs.configure(production=settings.production)
    services = Services(settings)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        async with services.running():
            yield

    cors = _cors(services)
    app = _Litestar(
        route_handlers=[
            StorefrontController,
            MerchantController,
            EnrolmentController,
            PatienceDeskController,
            ReportController,
            *public.routes(),
            *console.routes(),
            LiveController,
            health.live,
            health.live_head,
            health.ready,
            health.ready_head,
            health.metrics,
            *_demo(settings),
        ],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False, use_cache=True)},
        request_class=JsonRequest,
        state=State({"services": services}),
        exception_handlers={**problems.HANDLERS, console.AwayError: console.away},
        lifespan=[lifespan],
        middleware=[SlashesAgain()],
        request_max_body_size=BODY_BYTES_MAX,
        plugins=[services.pages.channels],
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=500, gzip_compress_level=GZIP_LEVEL, exclude_opt_key="compressed"
        ),
        cors_config=cors,
        openapi_config=document.config(),
        logging_config=None,
        debug=False,
    )
    document.allow_every_method(app)
    retry_what_clashed(app)
    hot = before_router(
        answering(refusing_guesses(keeping_slashes(app.asgi_handler), services)), services, HOT, cors.told_to
    )
    app.asgi_handler = services.tracing.requests(hot)
    return app


class _Litestar(Litestar):
    """Litestar without what it loads by itself for the models of other libraries: ours are msgspec's."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


GARBAGE_OBJECTS = 20_000  # made since the last look; a batch of spins makes thousands that end by themselves


def serve_app() -> Litestar:
    """Make the application for a server process; what is wrong with the installation ends it with exit code 2."""
    die_with_parent()
    try:
        app = create_app()
    except (SettingsError, ConfigError) as error:
        sys.stderr.write(f"makegood cannot start:\n{error}\n")
        raise SystemExit(EXIT_BAD_CONFIG) from None
    app.on_startup.append(lambda: when_told_to_stop(app.state.services.pages.end))
    # What is here now stays: every spin would pay for looking through it for garbage again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
    gc.enable()
    return app


def _demo(settings: Settings) -> list[ControllerRouterHandler]:
    if not settings.demo:
        return []
    from engine.api.demo_clock import DemoClock
    from engine.demo import demo_routes

    return [
        public.demo_messages,
        *demo_routes(
            demo_folder=public.UI / "demo",
            merchant_key=settings.demo_key,
            engine_url=f"http://127.0.0.1:{settings.port}",
            hook_secret=(*settings.webhook_secrets, token_hex())[0],
        ),
        DemoClock,
    ]


class LiveOrigins(CORSConfig):
    """The allow-list as the config has it now: it may change while the process runs."""

    services: Services

    def is_origin_allowed(self, origin: str) -> bool:
        return _listed(self.services.config.shop.allowed_origins).is_origin_allowed(origin)

    def told_to(self, origin: str) -> list[tuple[bytes, bytes]]:
        """Return the headers of an answer to a page of that origin."""
        headers = dict(self.simple_headers)
        if self.is_origin_allowed(origin):
            headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


@lru_cache(maxsize=8)
def _listed(origins: tuple[str, ...]) -> CORSConfig:
    return CORSConfig(allow_origins=list(origins))


def _cors(services: Services) -> LiveOrigins:
    cors = LiveOrigins(
        allow_origins=[],
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Idempotent-Replayed", "Retry-After"],
        max_age=600,
    )
    cors.services = services
    return cors
