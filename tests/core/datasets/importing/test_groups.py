"""Groups of an import: names decide, pixels fill in."""

import numpy as np

from core.datasets.grouping import thumbnail
from core.datasets.importing.groups import tell_groups
from tests.core.datasets.published_sets import drawing


def thumbnails(*scenes):
    return np.stack([thumbnail(drawing(scene, take)) for take, scene in enumerate(scenes)])


def test_names_alone_where_each_carries_a_patient():
    files = ["person1_virus_1.jpg", "person2_virus_1.jpg", "x/person1_bacteria_9.jpg"]
    told = tell_groups(files, thumbnails(5, 5, 6), threshold=0.94)
    assert told.groups == ("person1", "person2", "person1")
    assert (told.method, told.source) == ("names", "column")
    assert "`person`" in told.sentence


def test_pixels_alone_where_no_name_does():
    told = tell_groups(["a.jpg", "b.jpg", "c.jpg"], thumbnails(5, 6, 5), threshold=0.94)
    assert told.groups[0] == told.groups[2] != told.groups[1]
    assert (told.method, told.source) == ("found", "found")
    assert "0.94" in told.sentence


def test_a_twin_of_a_named_picture_joins_its_group():
    files = ["copy of 1.jpg", "person1_virus_1.jpg", "other.jpg"]
    told = tell_groups(files, thumbnails(5, 5, 6), threshold=0.94)
    assert told.groups[:2] == ("person1", "person1")
    assert told.groups[2].startswith("found_")
    assert (told.method, told.source) == ("names and found", "found")
    assert "1 of 3" in told.sentence
