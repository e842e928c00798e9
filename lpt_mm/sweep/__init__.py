"""Many runs of configs: declared in a file, run once each, summed up in a table."""
