"""The video page and its relay: rooms without names, which forget. Knows neither database nor person."""
