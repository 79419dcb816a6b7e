"""What every knob must do; `knob` is one that really changes something, `read` tells the setting."""

from __future__ import annotations


class KnobContract:
    def test_apply_changes_the_setting(self, knob, read):
        before = read()
        knob.apply()
        assert read() != before

    def test_restore_brings_back_what_was_found(self, knob, read):
        before = read()
        knob.apply()
        knob.restore()
        assert read() == before

    def test_restore_may_be_called_twice_and_without_apply(self, knob, read):
        before = read()
        knob.restore()
        knob.apply()
        knob.restore()
        knob.restore()
        assert read() == before

    def test_has_a_name(self, knob):
        assert knob.name
