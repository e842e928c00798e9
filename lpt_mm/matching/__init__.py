"""Which class is matched with which group of prompts."""

from lpt_mm.matching.matched_groups import examine_matching, require_group_prompts
from lpt_mm.matching.picture import draw_matching
from lpt_mm.matching.report import MatchingReport

__all__ = [
    "MatchingReport",
    "draw_matching",
    "examine_matching",
    "require_group_prompts",
]
