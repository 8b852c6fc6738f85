"""A pytest plugin for runs that only have to fail: hypothesis does not look for the smallest example."""

from hypothesis import Phase, settings

settings.register_profile("no_shrinking", phases=[Phase.generate])
settings.load_profile("no_shrinking")
