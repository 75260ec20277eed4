"""Saltlantern: an invented trading-card game, and questions about it that have exactly one right short answer."""
