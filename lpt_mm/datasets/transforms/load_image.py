"""Reading of an image file."""

from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """``LoadImageFromFile`` by Pillow, whose errors name the file.

    Args:
        imdecode_backend: Decoder, as in ``LoadImageFromFile``.
        color_type: ``'color'`` or ``'grayscale'``.
    """

    def __init__(
        self, imdecode_backend: str = "pillow", color_type: str = "color"
    ) -> None:
        super().__init__(imdecode_backend=imdecode_backend, color_type=color_type)

    def transform(self, results: dict) -> dict:
        """Read the image of ``results['img_path']``.

        Args:
            results: The sample; ``img`` (H, W, 3) uint8 BGR is added.

        Returns:
            The sample.

        Raises:
            ValueError: If the file is missing, empty or no readable image.
        """
        try:
            return super().transform(results)
        except Exception as error:  # decoders raise almost any type
            raise ValueError(
                f"cannot read the image {results['img_path']!r} "
                f"({type(error).__name__}: {error}); "
                "replace the file or take it off the list"
            ) from error
