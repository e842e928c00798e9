"""What all parts of the package share: text that is safe to show, and new files."""
