"""The forecast of a survey of clusters: served answers, mocks, words and pictures."""
