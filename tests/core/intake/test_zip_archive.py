"""Zips: what a hostile one tries is refused before anything is unpacked; files come out whole."""

import gc
import io
import stat
import struct
import time
import tracemalloc
import zipfile

import pytest

from core.errors import IntakeError
from core.intake.zip_archive import list_zip
from core.intake.zip_directory import count_entries
from tests.core.intake.files import encoded, picture
from tests.core.intake.stack_files import stacks, zipped

PNG = encoded(picture())


def entry(name="a.png", **changes):
    made = zipfile.ZipInfo(name)
    made.compress_type = zipfile.ZIP_DEFLATED
    for key, value in changes.items():
        setattr(made, key, value)
    return made


def zip_of(*entries, data=PNG):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for info in entries:
            archive.writestr(info, data)
    return stream.getvalue()


def test_files_come_out_in_natural_order_and_whole():
    files = {f"s/{k}.png": PNG + bytes([k]) for k in (10, 9, 1)}
    listed = list_zip(zipped(files))
    assert listed.names == ("s/1.png", "s/9.png", "s/10.png")
    assert {name: listed.source.read(name) for name in listed.names} == files


def test_a_zip_on_disk_is_read_where_it_lies_and_closed_with_its_last_reader(tmp_path):
    path = tmp_path / "scan.zip"
    path.write_bytes(zipped({"a.png": PNG}))
    listed = list_zip(path)
    assert listed.source.read("a.png") == PNG
    assert [item.name for item in tmp_path.iterdir()] == ["scan.zip"]
    del listed
    gc.collect()  # a file left open would warn here, and warnings are errors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../a.png", "leads outside"),
        ("a/../../b.png", "leads outside"),
        ("a\\..\\b.png", "leads outside"),
        ("/etc/a.png", "absolute"),
        ("\\\\server\\a.png", "absolute"),
        ("C:\\a.png", "absolute"),
        ("a\x1b[2J.png", "control characters"),
        ("a\u202egnp.exe", "control characters"),
        ("a\nb.png", "control characters"),
    ],
)
def test_a_path_that_is_no_plain_one_is_refused_without_repeating_it(name, said):
    with pytest.raises(IntakeError, match="Entry 2 of the zip") as caught:
        list_zip(zip_of(entry(), entry(name)))
    assert said in caught.value.problem
    assert name not in str(caught.value)


def test_a_name_with_a_nul_is_refused_although_zipfile_cuts_it():
    data = zip_of(entry("a.pngXb.exe")).replace(b"a.pngXb.exe", b"a.png\x00b.exe")
    with pytest.raises(IntakeError, match="control characters"):
        list_zip(data)


def test_a_link_is_refused():
    link = entry("a.png", external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3)
    with pytest.raises(IntakeError, match="link"):
        list_zip(zip_of(link, data=b"/etc/passwd"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a.png", "./a.png"])
def test_two_entries_of_one_name_are_refused(second):
    with pytest.raises(IntakeError, match="name of an earlier one"):
        list_zip(zip_of(entry("a.png"), entry(second)))


def test_an_encrypted_entry_is_refused():
    data = bytearray(zip_of(entry()))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    data[6] |= 1
    with pytest.raises(IntakeError, match=r"encrypted.*without a password"):
        list_zip(bytes(data))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_zipfile_unpacks_without_a_bound_are_refused(method):
    with pytest.raises(IntakeError, match="another method than deflate"):
        list_zip(zipped({"a.png": PNG}, method))


def test_a_hundred_thousand_empty_entries_are_refused_before_they_become_objects():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.png", PNG)
    data = stream.getvalue()
    at = data.index(b"PK\x01\x02")
    directory, end = data[at : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    many = directory * 100_000
    fields = bytearray(end)
    struct.pack_into("<HHI", fields, 8, 0xFFFF, 0xFFFF, len(many))
    bomb = data[:at] + many + bytes(fields)
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(IntakeError, match="more than 5000 files"):
        list_zip(bomb)
    spent, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20
    assert spent < 2


def test_entries_are_counted_as_zipfile_counts_them(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(300):
            archive.writestr(f"{k}.txt", b"")
        archive.comment = b"PK\x01\x02 a comment"
    with path.open("rb") as file:
        assert count_entries(file, at_most=1000) == 300
        assert count_entries(file, at_most=299) == 300


def test_more_than_65535_entries_are_counted_by_the_zip64_directory(tmp_path):
    path = tmp_path / "zip64.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"")
        archive.filelist *= 65_601  # one file, listed often
    with path.open("rb") as file:
        assert count_entries(file, at_most=100_000) == 65_601


def test_an_entry_that_grows_too_much_is_refused_unread():
    with pytest.raises(IntakeError, match="grow more than 200 times"):
        list_zip(zipped({"a.png": bytes(9 * 2**20)}))


def test_a_small_blank_file_packs_well_and_is_no_bomb():
    assert list_zip(zipped({"a.png": bytes(2**20)})).names == ("a.png",)


def test_files_that_are_too_much_together_are_refused(use_settings):
    use_settings(max_series_mb=1)
    files = {f"{k}.png": bytes(2**18) for k in range(5)}
    with pytest.raises(IntakeError, match=r"at most 1 MB.*SECOND_LOOK_MAX_SERIES_MB"):
        list_zip(zipped(files))


def test_a_zip_that_is_too_large_itself_is_refused(use_settings):
    use_settings(max_series_mb=1)
    with pytest.raises(IntakeError, match="The zip has"):
        list_zip(b"PK\x03\x04" + bytes(2**20))


def test_an_entry_that_announces_less_than_it_holds_is_never_unpacked_whole():
    data = bytearray(zipped({"a.png": bytes(64 * 2**20)}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + at, 500)
    listed = list_zip(bytes(data))
    tracemalloc.start()
    with pytest.raises(IntakeError, match="damaged inside the zip"):
        listed.source.read("a.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_damaged_entry_is_an_error_of_that_file_alone():
    data = bytearray(zipped({"a.png": PNG, "b.png": PNG}, zipfile.ZIP_STORED))
    data[data.index(PNG) + 60] ^= 0xFF
    listed = list_zip(bytes(data))
    with pytest.raises(IntakeError, match="damaged inside the zip"):
        listed.source.read("a.png")
    assert listed.source.read("b.png") == PNG


@pytest.mark.parametrize("cut", [4, 30, -10])
def test_a_zip_cut_short_is_refused(cut):
    with pytest.raises(IntakeError, match="damaged or incomplete"):
        list_zip(zipped({"a.png": PNG})[:cut])


def test_a_nested_zip_is_counted_and_never_opened():
    inner = zipped({"b.png": PNG})
    (stack,) = stacks({"a.png": PNG, "more.zip": inner})
    assert len(stack) == 1
    assert stack.notes == ("Passed over: archives, which are never opened inside a series (1).",)


def test_hidden_files_and_those_of_macos_are_passed_over_and_counted():
    listed = list_zip(zipped({"a.png": PNG, "__MACOSX/._a.png": b"x", ".DS_Store": b"x"}))
    assert listed.names == ("a.png",)
    assert listed.notes == ("Passed over: hidden files (2).",)


def test_any_bytes_give_a_listing_or_a_refusal():
    whole = zipped({"a.png": PNG[:200], "b/c.png": PNG[:200]})
    for at in range(0, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 0x55
        try:
            listed = list_zip(bytes(data))
            for name in listed.names:
                listed.source.read(name)
        except IntakeError:
            continue
