"""Where the parts of each benchmark come from, and how to know them.

The lists of Places-LT and ImageNet-LT are published in a Google Drive folder, which has
no stable address for a program: ``page`` says where a user finds them. They are fetched
from a copy in the repository of LIFT; whatever is there counts only with the checksum.
"""

from mmpretrain.datasets import CIFAR10, CIFAR100

from lpt_mm.preparation.parts import (
    Archive,
    Benchmark,
    DataFiles,
    ImageTree,
    SplitFile,
)


def _cifar(dataset: type[CIFAR10]) -> tuple[DataFiles, ...]:
    # mmpretrain knows its names and checksums; two copies of them would drift apart.
    meta = (dataset.meta["filename"], dataset.meta["md5"])
    archive = Archive(
        dataset.filename,
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        f"{dataset.base_folder}/ (or let training fetch it at its first run)",
    )
    files = (*dataset.train_list, *dataset.test_list, meta)
    md5 = tuple((f"{dataset.base_folder}/{name}", digest) for name, digest in files)
    return (DataFiles(md5, archive),)


def _shift(
    root: str, folder: str, classes: int, images: int, archive: str, page: str
) -> Benchmark:
    """Give a test set of ImageNet's classes that comes without a list."""
    archive = Archive(archive, page, f"{folder}/ with a folder per class")
    return Benchmark(root, trees=(ImageTree(folder, classes, images, archive),))


def _lift(name: str, images: int, archive: Archive, sha256: str) -> SplitFile:
    """Give a list of OLTR, of which LIFT has a copy."""
    url = f"{LIFT}/{name.rpartition('_')[0]}/{name}"
    return SplitFile(name, images, OLTR, archive, sha256, url)


OLTR = "https://github.com/zhmiao/OpenLongTailRecognition-OLTR (its README links to it)"
LIFT = "https://raw.githubusercontent.com/shijxcs/LIFT/main/datasets"
INAT = "https://github.com/visipedia/inat_comp/tree/master/2018"
IMAGENET = "https://image-net.org/download.php (ILSVRC2012)"
PLACES_IMAGES = Archive(
    "places365standard_easyformat.tar",
    "http://places2.csail.mit.edu/download.html",
    "train/ and val/ with a folder per class",
)
IMAGENET_TRAIN = Archive(
    "ILSVRC2012_img_train.tar",
    IMAGENET,
    "train/n01440764/*.JPEG and so on, from the archive of each class in it",
)
IMAGENET_VAL = Archive(
    "ILSVRC2012_img_val.tar",
    IMAGENET,
    "val/n01440764/*.JPEG and so on, sorted into the folders that the list names",
)
INAT_IMAGES = Archive("train_val2018.tar.gz", INAT, "train_val2018/")

PLACES_LT = (
    _lift(
        "Places_LT_train.txt",
        62_500,
        PLACES_IMAGES,
        "726c4871dcbf07ce2f857703bfe32e9a83ffbf52d704239f6d95c4f4f4c247f7",
    ),
    _lift(
        "Places_LT_val.txt",
        7_300,
        PLACES_IMAGES,
        "719e3cf3766c09134ea28f56f1036c78def511ac1ed2c2532a6beef78f2439ba",
    ),
    _lift(
        "Places_LT_test.txt",
        36_500,
        PLACES_IMAGES,
        "44eee8441c8098c59195465abede425721bc35525d75209f9433b161a6eb37bc",
    ),
)
IMAGENET_LT = (
    SplitFile("ImageNet_LT_train.txt", 115_846, OLTR, IMAGENET_TRAIN),
    _lift(
        "ImageNet_LT_val.txt",
        20_000,
        IMAGENET_TRAIN,
        "9af7ba688acf9532ff5845a8fb14a1e97fdc4c51ac48bc72c08ea9c3f7ff142e",
    ),
    _lift(
        "ImageNet_LT_test.txt",
        50_000,
        IMAGENET_VAL,
        "d1590191cf8a71fada7b1aaedaa2d139a2aea93ff2f1b755319d0bd8dbaa55d5",
    ),
)
INAT18 = (
    SplitFile(
        *("iNaturalist18_train.txt", 437_513, INAT, INAT_IMAGES), json="train2018.json"
    ),
    SplitFile(
        *("iNaturalist18_val.txt", 24_426, INAT, INAT_IMAGES),
        "efaeff65f80641b60864470e6f255aa69453406ef5717eec8c6681748f3a61f3",
        json="val2018.json",
    ),
)

BENCHMARKS = {
    "places_lt": Benchmark("Places_LT", PLACES_LT),
    "imagenet_lt": Benchmark("ImageNet_LT", IMAGENET_LT),
    "inat18": Benchmark("iNaturalist18", INAT18),
    "cifar10_lt": Benchmark("cifar10", files=_cifar(CIFAR10)),
    "cifar100_lt": Benchmark("cifar100", files=_cifar(CIFAR100)),
    "imagenet_sketch": _shift(
        *("imagenet_sketch", "sketch", 1_000, 50_889, "ImageNet-Sketch.zip"),
        "https://github.com/HaohanWang/ImageNet-Sketch",
    ),
    "imagenet_v2": _shift(
        *("imagenet_v2", "imagenetv2-matched-frequency-format-val", 1_000, 10_000),
        "imagenetv2-matched-frequency.tar.gz",
        "https://github.com/modestyachts/ImageNetV2",
    ),
    "imagenet_a": _shift(
        *("imagenet_a", "imagenet-a", 200, 7_500, "imagenet-a.tar"),
        "https://github.com/hendrycks/natural-adv-examples",
    ),
    "imagenet_r": _shift(
        *("imagenet_r", "imagenet-r", 200, 30_000, "imagenet-r.tar"),
        "https://github.com/hendrycks/imagenet-r",
    ),
}
