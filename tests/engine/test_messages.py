"""A sentence that one language lacks is said in another, never by its bare name."""

from pathlib import Path

from engine.messages import read_messages


def spoken(folder: Path) -> tuple[str, ...]:
    (folder / "messages").mkdir()
    for locale, text in (
        ("fr", "a = un\n"),
        ("en", "a = one\nwidget-b = two\n"),
        ("de", "widget-b = zwei\nc = drei\n"),
    ):
        (folder / "messages" / f"{locale}.ftl").write_text(text, encoding="utf-8")
    messages = read_messages(folder, ("fr", "en", "de"))["fr"]
    return (messages.text("a"), messages.text("widget-b"), messages.text("c"), str(messages.starting_with("widget-")))


def test_a_sentence_that_is_missing_is_said_in_the_next_language(tmp_path: Path) -> None:
    assert spoken(tmp_path) == ("un", "two", "drei", "{'widget-b': 'two'}")


def test_a_file_that_stayed_as_it_was_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "messages").mkdir()
    path = tmp_path / "messages" / "en.ftl"
    path.write_text("# what\na = one\n\nb = two\n    more\nc = three\n", encoding="utf-8")
    first, second = (read_messages(tmp_path, ("en",))["en"] for _ in range(2))
    assert first.patterns is second.patterns
    assert first.lines == {"a": 2, "b": 4, "c": 6}
    path.write_text("a = uno\n", encoding="utf-8")
    assert read_messages(tmp_path, ("en",))["en"].text("a") == "uno"
