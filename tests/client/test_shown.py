import pytest

from amphitrite.shown import shown


@pytest.mark.parametrize(
    "text", ["", "stars.fits", "größe, 星.fits", "two\nlines\tof text", "a\u00a0b"]
)
def test_text_stays_as_it_is(text: str):
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb\x08\x7f", r"a\rb\x08\x7f"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\u2028", r"\u2028"),
        (b"caf\xe9.fits".decode(errors="surrogateescape"), r"caf\xe9.fits"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, seen: str):
    assert shown(text) == seen
    shown(text).encode()
