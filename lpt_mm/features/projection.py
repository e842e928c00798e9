"""Features in two dimensions: linear discriminant analysis and t-SNE."""

from dataclasses import dataclass

import numpy as np

from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.features.extraction import Features
from lpt_mm.features.quality import unit_rows
from lpt_mm.utils.errors import UserError

MOST_CLASSES, MOST_IMAGES = 20, 3_000  # what can be told apart in a picture
PERPLEXITY = 30  # t-SNE's usual number of neighbours
SEED = 0


@dataclass(frozen=True)
class ImageSelection:
    """The test images that a picture shows, and their classes."""

    classes: np.ndarray  # (S,) class indices, most frequent first
    groups: np.ndarray  # (S,) their shot groups
    images: np.ndarray  # indices of test images of these classes


def select_images(features: Features, shot_groups: ShotGroups) -> ImageSelection:
    """Choose at most 20 classes, evenly from the shot groups, and 3,000 images."""
    rng = np.random.default_rng(SEED)
    counts, label = features.cls_num_list, features.test_label
    groups = shot_groups.assign(counts)
    usable = np.intersect1d(np.unique(label), np.flatnonzero(counts))
    if len(usable) < 3:
        raise UserError(f"a picture needs three classes or more, got {len(usable)}")
    # In turns, a class of each group; groups that have no more are passed over.
    members = [rng.permutation(usable[groups[usable] == name]) for name in SHOT_GROUPS]
    turns = [(turn, i) for part in members for turn, i in enumerate(part)]
    chosen = np.array([i for _, i in sorted(turns, key=lambda x: x[0])[:MOST_CLASSES]])
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")]
    most = MOST_IMAGES // len(chosen)
    images = [rng.permutation(np.flatnonzero(label == i))[:most] for i in chosen]
    return ImageSelection(chosen, groups[chosen], np.concatenate(images))


def project_lda(features: Features, selection: ImageSelection) -> np.ndarray:
    """Project the shown test images on the two axes that best separate training images.

    Axes that were found on the images that are shown would separate any features. The
    training images of few-shot classes are repeated, so that all classes count the
    same, and covariances are shrunk (Ledoit and Wolf), for there are few images.
    """
    # A second that others need not pay.
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    label = features.train_label
    members = [np.flatnonzero(label == i) for i in selection.classes]
    most = max(map(len, members))
    balanced = np.concatenate([np.resize(part, most) for part in members])
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", n_components=2)
    lda.fit(unit_rows(features.train[balanced]), label[balanced])
    return lda.transform(unit_rows(features.test[selection.images]))


def project_tsne(features: Features, selection: ImageSelection) -> np.ndarray:
    """Embed the shown test images by t-SNE; both axes and their scale mean nothing."""
    from sklearn.manifold import TSNE  # a second that others need not pay

    neighbors = min(PERPLEXITY, len(selection.images) / 4)
    tsne = TSNE(perplexity=neighbors, random_state=SEED)
    return tsne.fit_transform(unit_rows(features.test[selection.images]))


PROJECTIONS = {"LDA": project_lda, "t-SNE": project_tsne}


def align(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Turn and mirror points (n, 2), whose directions mean nothing, as others lie."""
    from scipy.linalg import orthogonal_procrustes  # a moment that others need not pay

    points = points - points.mean(axis=0)
    turn, _ = orthogonal_procrustes(points, reference - reference.mean(axis=0))
    return points @ turn
