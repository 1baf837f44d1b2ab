"""Colours, fonts and drawn icons: the only place that knows them."""
