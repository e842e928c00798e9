"""A page on a port of this machine, that needs nothing from elsewhere."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from threading import Event

from rich.console import Console

from lpt_mm.demo.decisions import Decisions, require_decisions
from lpt_mm.demo.models import Models
from lpt_mm.demo.rendering import FOLDER, render_style
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import for_rich, printable

LOCAL = "127.0.0.1"
LOCAL_NAMES = (LOCAL, "localhost")
MOST_BYTES = 64 * 2**20  # of a photo
SESSIONS = 20  # pages whose photos are remembered
# No browser fetches anything from another place for the page, or shows it in another.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; font-src 'self' data:; "
    "object-src 'none'; form-action 'self'; frame-ancestors 'none'"
)
SYSTEM_FONTS = ("system-ui", "sans-serif")
QUIET_TEXTS = ("body_text_color_subdued", "block_info_text_color")


def run_demo(
    packs: Sequence[str],
    neighbours: Sequence[str] = (),
    images: str = ".",
    review: str | None = None,
    decisions: str | None = None,
    resume: bool = False,
    host: str = LOCAL,
    port: int = 7860,
    backbone: str | None = None,
    device: str | None = None,
) -> None:
    """Serve the page until someone stops it.

    Args:
        packs: Packs of one backbone.
        neighbours: Embedded sets of training images, each of one of the packs.
        images: The folder below which these sets' files are opened for pictures.
        review: Folder of images to decide on.
        decisions: CSV file of the decisions.
        resume: Whether to go on with that file.
        host: Address that the page is served at.
        port: Port of it; 0 for any that is free.
        backbone: As of :func:`lpt_mm.load`.
        device: As of :func:`lpt_mm.load`.

    Raises:
        OSError: If the file of decisions is there already.
        UserError: If a pack or a set cannot be loaded, or the port is taken.
    """
    require_gradio()
    port = find_port(host, port)
    if (review is None) != (decisions is None):
        raise UserError("--review and --decisions need each other")
    if review is not None and len(packs) > 1:
        raise UserError("--review takes the answers of one model: name one pack")
    if review is not None:
        require_decisions(decisions, resume)
    models = Models.open(packs, neighbours, images, backbone, device)
    queue = None
    if review is not None:
        (predictor,) = models.predictors.values()
        queue = Decisions(predictor, review, decisions, resume)
    with serve(models, queue, host, port) as url:
        Console().print(for_rich(f"the page is at {url} until Ctrl-C"))
        Event().wait()


def require_gradio() -> None:
    """Refuse to begin where the package for the page is missing."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise UserError(
            "the page needs the package gradio: pip install 'lpt_mm[demo]'"
        ) from error


def find_port(host: str, port: int) -> int:
    """Refuse a port that cannot be had, before the models are loaded; 0 is any."""
    try:
        with socket.create_server((host, port)) as server:
            return server.getsockname()[1]
    except (OSError, OverflowError) as error:
        raise UserError(
            f"port {port} of {printable(host)} cannot be had ({error}): choose another "
            "with --port"
        ) from error


@contextmanager
def serve(
    models: Models, review: Decisions | None, host: str, port: int
) -> Iterator[str]:
    """Serve the page meanwhile.

    Args:
        models: The models.
        review: Images to decide on, if there are any.
        host: Address.
        port: Port of it.

    Yields:
        Where the page is.
    """
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from lpt_mm.demo.page import build_page

    # A page of elsewhere may not have its name stand for this machine.
    hosts = LOCAL_NAMES if host in LOCAL_NAMES else ["*"]
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
        Middleware(_Policy),
    ]
    theme = gr.themes.Base(font=SYSTEM_FONTS, font_mono=("monospace",)).set(
        **dict.fromkeys(QUIET_TEXTS, "*neutral_600")
    )
    with TemporaryDirectory() as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads
        page = build_page(models, review)
        try:
            _, url, _ = page.launch(
                server_name=host,
                server_port=port,
                share=False,
                prevent_thread_lock=True,
                quiet=True,
                ssr_mode=False,
                footer_links=[],
                run_history=False,
                enable_monitoring=False,
                mcp_server=False,
                state_session_capacity=SESSIONS,
                app_kwargs=dict(middleware=middleware),
                theme=theme,
                css=render_style(),
                js=(FOLDER / "page.js").read_text(),
            )
            # Not at the launch: where a browser knows it, names become markup there.
            page.max_file_size = MOST_BYTES
            yield url
        finally:
            page.close(verbose=False)
            del os.environ["GRADIO_TEMP_DIR"]


class _Policy:
    """Send a content security policy with each answer."""

    def __init__(self, app: object) -> None:
        self._app = app

    async def __call__(self, scope: dict, receive: object, send: object) -> None:
        async def send_with_policy(message: dict) -> None:
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", POLICY.encode())
                message["headers"] = [*message.get("headers", ()), policy]
            await send(message)

        await self._app(scope, receive, send_with_policy)
