"""Settings of served models."""

from __future__ import annotations

from amphitrite_export.publishing.settings import SETTINGS, Settings, settings_of


def test_settings_are_sound():
    assert settings_of("no such model") == Settings()
    for settings in (Settings(), *SETTINGS.values()):
        assert 1 <= settings.warmup_batch_size <= settings.max_batch_size
        assert settings.threads >= 1, "0 would take every core of the node"
