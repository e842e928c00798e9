"""What is trained beside the layers of a frozen transformer, apart from prompts."""

from lpt_mm.models.tunings.adapter import Adapter
from lpt_mm.models.tunings.adaptformer import AdaptFormer
from lpt_mm.models.tunings.build import build_tunings
from lpt_mm.models.tunings.lora import LoRA
from lpt_mm.models.tunings.tuning import Tuning

__all__ = ["AdaptFormer", "Adapter", "LoRA", "Tuning", "build_tunings"]
