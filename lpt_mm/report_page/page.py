"""The page: a test, what it tells, and the one HTML file that this is written to."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from mmengine.config import Config

from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.engine.start import check_start
from lpt_mm.engine.terminal_runner import build_runner
from lpt_mm.engine.testing import set_test, use_whole_images
from lpt_mm.report_page import content
from lpt_mm.report_page.outcome import find_outcome
from lpt_mm.report_page.pictures import draw_pictures
from lpt_mm.report_page.provenance import describe_making
from lpt_mm.report_page.thumbnails import Thumbnails
from lpt_mm.utils import pictures as colours
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.utils.text import printable

LONGEST_CONFIG = 40_000  # characters


def write_report_page(
    cfg: Config, checkpoint: str | None, out: str, split: str = "test"
) -> dict:
    """Test a model, and write a page about it: one HTML file that needs no other.

    Args:
        cfg: The config, from ``load_config``; it is completed.
        checkpoint: Checkpoint to test; None for a model without training.
        out: HTML file to write.
        split: ``'test'``, or ``'val'`` to test on the validation set.

    Returns:
        The report of the test, see ``make_report``.

    Raises:
        OSError: If the checkpoint does not exist, or the file to write does.
        UserError: If the model does not fit, or the config has no ``LongTailMetric``.
    """
    require_new(out)
    set_test(cfg, checkpoint, split)
    use_whole_images(cfg)
    # The images are found again by their place in the data set.
    cfg.test_dataloader.sampler = dict(type="DefaultSampler", shuffle=False)
    check_start(cfg, training=False)
    runner = build_runner(cfg)
    start = perf_counter()
    outcome = find_outcome(runner)
    making = describe_making(cfg, split, perf_counter() - start)
    preprocessor = classifier_of(runner.model).data_preprocessor
    thumbnails = Thumbnails(runner.test_dataloader.dataset, preprocessor.to_rgb)
    name = content.short(Path(cfg.filename).stem)
    folder = Path(cfg.load_from).parent if cfg.load_from else None
    page = render(
        name=name,
        split=split,
        pictures=draw_pictures(outcome, name, folder),
        making=making,
        config=config_lines(cfg.pretty_text),
        **content.describe(outcome, thumbnails),
    )
    with new_file(out) as part:
        part.write_text(page, encoding="utf-8")
    return outcome.report


def config_lines(text: str) -> list[str]:
    """Split a config into lines, and say how much of it is too much for a page."""
    lines = text[:LONGEST_CONFIG].splitlines()
    if len(text) > LONGEST_CONFIG:
        lines.append(f"… {len(text) - LONGEST_CONFIG:,} more characters are left out")
    return lines


def render(**facts: object) -> str:
    """Fill the template; whatever a fact says is text, and never markup.

    The page forbids the browser to fetch anything, and to run or apply more than its
    own script and style, which it knows by their hashes.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup(environment.get_template("page.css").render(colours=colours))
    script = Markup(environment.get_template("page.js").render())
    return environment.get_template("page.html.j2").render(
        style=style, script=script, hash_of=_hash_of, **facts
    )


def _printable(value: object) -> object:
    """Make visible what controls a terminal or the direction of writing."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value) if is_text else value


def _hash_of(text: str) -> str:
    """Name a text as a content security policy does."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
