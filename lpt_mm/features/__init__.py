"""How well the features of a model tell classes apart, before and after tuning."""
