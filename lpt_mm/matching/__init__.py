"""Which class is matched with which group of prompts."""
