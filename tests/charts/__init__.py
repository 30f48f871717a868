"""The chart as its tests see it: rendered, and checked by what must always hold."""
