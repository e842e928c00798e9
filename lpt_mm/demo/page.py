"""The page: what gradio shows, and which function answers what is done to it."""

from functools import partial

import gradio as gr

from lpt_mm.demo.cards import Controls, coverages, make_card, trained_prior
from lpt_mm.demo.decisions import Decisions
from lpt_mm.demo.models import Models, Photo
from lpt_mm.demo.rendering import render_cards

MOST_PHOTOS = 24  # of one drop
NO_SETS = "none"
HINT = "the classes are held to be equally frequent at 0, and as in training at 1"
# A listener that only this page can call, and of which others are told nothing.
PRIVATE = dict(api_visibility="private")


def build_page(models: Models, review: Decisions | None) -> gr.Blocks:
    """Put the page together.

    Args:
        models: The models.
        review: Images to decide on, if there are any.

    Returns:
        The page, which is not served yet.
    """
    with gr.Blocks(title="lpt_mm", analytics_enabled=False) as page:
        with gr.Tab("Photos"):
            _add_photos(models)
        if review is not None:
            with gr.Tab("Review"):
                _add_review(page, review)
    return page


def _add_photos(models: Models) -> None:
    """Add the photos of who looks at the page, and the controls of the answers."""
    tasks = list(models.predictors)
    photos = gr.State({})
    with gr.Row():
        # No file_types: what gradio says of other files takes their names for markup.
        files = gr.File(label="photos", file_count="multiple", height=160)
        with gr.Column():
            task = gr.Radio(
                tasks,
                value=tasks[0],
                label="task",
                visible=len(tasks) > 1,
                elem_id="task",
            )
            prior, coverage = _make_controls(models, tasks[0])
    cards = gr.HTML(apply_default_css=False)
    controls = [task, prior, coverage]

    shown = dict(outputs=cards, show_progress="hidden", **PRIVATE)
    shown |= dict(fn=partial(show_photos, models), inputs=[photos, *controls])
    examine = partial(examine_photos, models)
    files.change(examine, [files, photos], photos, **PRIVATE).then(**shown)
    prior.input(**shown, trigger_mode="always_last")
    coverage.input(**shown)
    offer = partial(_make_controls, models)
    task.input(offer, task, [prior, coverage], **PRIVATE).then(**shown)


def _make_controls(models: Models, task: str) -> tuple[gr.Slider, gr.Radio]:
    """Make what a task is asked with; what its pack cannot answer is hidden."""
    pack = models.predictors[task].pack
    start, sets = trained_prior(pack), coverages(pack)
    prior = gr.Slider(
        0,
        1,
        value=start or 0,
        step=0.05,
        label="prior",
        info=HINT,
        visible=start is not None,
        elem_id="prior",
    )
    coverage = gr.Radio(
        [NO_SETS, *(f"{x:g}" for x in sets)],
        value=NO_SETS,
        label="coverage of answer sets",
        visible=bool(sets),
        elem_id="coverage",
    )
    return prior, coverage


def examine_photos(
    models: Models, paths: list[str] | None, known: dict[str, Photo]
) -> dict[str, Photo]:
    """Look at what was dropped, once; of too many at the first ones."""
    paths = paths or []
    chosen = paths[:MOST_PHOTOS]
    found = {path: known.get(path) or models.examine(path) for path in chosen}
    if more := len(paths) - len(chosen):
        error = f"{more:,} more photos are left out: drop {MOST_PHOTOS} at a time"
        found[""] = Photo("", error=error)
    return found


def show_photos(
    models: Models, photos: dict[str, Photo], task: str, prior: float, coverage: str
) -> str:
    """Answer with the scores of photos, as the controls stand."""
    pack = models.predictors[task].pack
    asked = Controls(
        task,
        None if trained_prior(pack) is None else prior,
        None if coverage == NO_SETS else float(coverage),
    )
    return render_cards([make_card(photo, pack, asked) for photo in photos.values()])


def _add_review(page: gr.Blocks, review: Decisions) -> None:
    """Add the images that wait for a decision."""
    place = gr.State(None)
    said = gr.HTML(elem_classes="review", apply_default_css=False)
    with gr.Row():
        right = gr.Button("right (j)", variant="primary", elem_id="right")
        wrong = gr.Button("wrong (k)", elem_id="wrong")
    correct = gr.Dropdown(
        [(name, i) for i, name in enumerate(review.pack.class_names)],
        value=None,
        label="if it is wrong: its class, if you know it",
        elem_id="correct",
    )
    count = gr.HTML(elem_id="count")

    def say_right(place: int | None) -> tuple:
        if place is not None:
            review.decide(place, review.answer(place))
        return show_next(review)

    def say_wrong(place: int | None, label: int | None) -> tuple:
        if place is not None:
            review.decide(place, label)
        return show_next(review)

    outputs = [place, said, count, correct]
    shown = dict(outputs=outputs, show_progress="hidden", **PRIVATE)
    page.load(partial(show_next, review), **shown)
    right.click(say_right, place, **shown)
    wrong.click(say_wrong, [place, correct], **shown)


def show_next(review: Decisions) -> tuple[int | None, str, str, None]:
    """Show the image that waits for a decision, and how far the review is."""
    place = review.next()
    cards = [] if place is None else [review.card(place)]
    count = f"{review.number_decided:,} of {len(review):,} images are decided on"
    return place, render_cards(cards), count, None
