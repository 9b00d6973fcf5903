"""Filters: layers, maps and one channel; what is missing is said, and nothing raises."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.inference.package import set_champion, write_version
from core.tasks import load_task
from core.workflows import channel_search
from tests.pages.looking import encoded, html_of, picture, upload, words_of
from tests.small_version import version_files


def tiles_of(app):
    return [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if element.proto.component_name == "second_look_tiles"
    ]


def test_a_picture_shows_a_layers_channels_and_a_search_shows_what_it_found(open_page, monkeypatch):
    asked = []

    def search(view, layer, channel, watch=None):
        asked.append((layer, channel))
        return np.full((224, 224, 3), 9, np.uint8)

    monkeypatch.setattr(channel_search, "maximising_picture", search)
    app = open_page("filters")
    assert "No picture is open" in words_of(app)
    app = upload(app, ("one.png", encoded(picture())))
    (tiles,) = tiles_of(app)
    channels = [item["pick"] for item in tiles["items"]]
    assert (channels[0], sorted(channels[1:])) == (None, list(range(8)))
    assert tiles["current"] == channels[1]  # the strongest
    assert "8 channels of 7 × 7 cells" in words_of(app)
    app.button(key="filters.search.maximum").click().run()
    for _ in range(20):
        if "Searched for: it excites" in html_of(app):
            break
        app.run()
    assert "Searched for: it excites this channel most" in html_of(app)
    assert asked == [("second", channels[1])]
    assert "training pictures" in words_of(app).lower()
    assert not app.exception


def test_the_first_layer_and_the_whole_table_raise_nothing(open_page):
    app = upload(open_page("filters"), ("one.png", encoded(picture())))
    app.selectbox(key="filters.layer").set_value("first").run()
    app.toggle(key="filters.all").set_value(True).run()
    app.toggle(key="filters.own_scale").set_value(True).run()
    assert not app.exception
    assert "6 channels of 14 × 14 cells" in words_of(app)
    assert len(app.dataframe[0].value) == 7


def test_pictures_that_cannot_be_used_are_said_in_a_sentence(open_page):
    app = upload(open_page("filters"), ("<b>x.png", b"nothing"))
    assert not app.exception
    assert "Unreadable" in words_of(app) or "cannot" in words_of(app)


@pytest.mark.parametrize("task", ["kidney_ct"])
def test_a_version_without_named_layers_says_what_to_do(open_page, tmp_path, task):
    spec = load_task(task)
    files = version_files(spec)
    del files["layers.json"]
    write_version(tmp_path / "old" / task, "small-1", files=files)
    set_champion(tmp_path / "old" / task, "small-1")
    app = open_page("filters", models=tmp_path / "old")
    assert app.number_input[0].max == 7  # known from the head, where layers are not named
    app = upload(app, ("one.png", encoded(picture())))
    assert "before layers were named" in words_of(app)
    assert len(tiles_of(app)[0]["items"]) == 9
