"""One page about a trained model, to read and to pass on."""

from lpt_mm.report_page.page import write_report_page

__all__ = ["write_report_page"]
