"""Helpers of the tests: the slow twin of the engine, random scenarios, comparisons."""
