"""The data doctor: every image of a config's data sets is read once, and judged.

The quick checks before each training are those of ``DataCheckHook``.
"""
