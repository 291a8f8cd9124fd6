"""Shoppers read sentences, in every language the folder holds, and never the bare name of one."""

import re
from pathlib import Path

from engine.api.public import UI
from engine.api.words import PARTS
from engine.messages import negotiate, read_messages
from tests.support import CONFIG, Shop, config_copy

SAID = re.compile(r'\bsay\(\s*"([\w-]+)"|\bsay\([^"()]+\? "([\w-]+)" : "([\w-]+)"')


def test_every_sentence_of_the_pages_is_there_in_every_language() -> None:
    messages = read_messages(CONFIG, ("fr", "en"))
    for path in UI.rglob("*.js"):
        found = {name for match in SAID.findall(path.read_text(encoding="utf-8")) for name in match if name}
        # The elements leave out what begins the names of all their sentences.
        said = {f"widget-{name}" for name in found} if path.relative_to(UI).parts[0].startswith("widget") else found
        for locale, words in messages.items():
            assert said <= set(words.patterns), f"{path.name} in {locale}: {said - set(words.patterns)}"


async def test_words_of_parts_come_with_their_part(shop: Shop) -> None:
    core = (await shop.http.get("/widget/messages/en.json")).json()["messages"]
    assert "spin" in core
    for part, prefix in PARTS.items():
        words = (await shop.http.get(f"/widget/messages/en.json?{part}")).json()["messages"]
        assert words
        assert any(name.startswith(f"{prefix}-") for name in words)
        assert all(name.startswith((f"{prefix}-", "seldom-")) for name in words)
        assert not set(words) & set(core)


async def test_one_more_file_is_one_more_language(shop: Shop, tmp_path: Path) -> None:
    config = config_copy(tmp_path)
    (config / "messages" / "ar.ftl").write_text("widget-spin = أدر العجلة\n", encoding="utf-8")
    (config / "messages" / "fa.ftl").write_text("widget-spin = چرخ را بچرخان\n", encoding="utf-8")
    try:
        await shop.takes(config)
        told = (await shop.http.get("/widget/messages/ar-EG.json")).json()
        assert (told["locale"], told["dir"]) == ("ar", "rtl")
        assert (await shop.http.get("/widget/messages/fr.json")).json()["decimal"] == ","
        # Where numbers have digits of their own, the browser writes them.
        assert "decimal" not in (await shop.http.get("/widget/messages/fa.json")).json()
        assert told["messages"]["spin"] == "أدر العجلة"
        # What it does not say yet is said in the shop's first language.
        assert told["messages"]["decline"] == "Non merci"
        assert negotiate("ar", shop.inside.config.messages).text("label-sample").startswith("Cadeau")
    finally:
        await shop.takes(CONFIG)
