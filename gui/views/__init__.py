"""The views: each takes its data and shows it."""
