"""A page to look at: photos of one's own and what a model says of them."""
