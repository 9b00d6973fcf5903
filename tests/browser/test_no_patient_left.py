"""A planted patient through a whole day: on every page, and afterwards found nowhere.

The marker stands in file names, folder names, EXIF, texts of a PNG and every DICOM tag that takes
words. Looked at: the home with the database as it lies on the disk, the server's log, temporary
files, every export and the backup.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, TimeoutError, expect

from core.config import PREFIX
from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, probabilities, settle, upload
from tests.browser.test_review_day import choose, lines, press, say_who
from tests.core.intake.stack_files import ct, zipped
from tests.core.reporting.reports import MARKER, MARKER_WORDS, STUDY
from tests.pages.looking import encoded, picture
from tests.source_tree import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TAGS = {
    "PatientName": MARKER,
    "PatientID": "ZZMRN",
    "PatientBirthDate": "19010203",
    "AccessionNumber": "ZZACC",
    "ReferringPhysicianName": "ZZREF^DOC",
    "InstitutionName": "ZZINST",
    "StudyDescription": "ZZDESC",
    "SeriesDescription": "ZZDESC",
    "ImageComments": "ZZDESC",
    "ProtocolName": "ZZDESC",
    "StudyID": "ZZACC",
    "StudyInstanceUID": STUDY,
}
CODES = ("ascii", "utf-16-be", "utf-16-le")  # PDF and EXIF write some of their texts in UTF-16
PLANTED = [word.decode().encode(code) for word in MARKER_WORDS for code in CODES]


@dataclass(frozen=True, slots=True)
class Room:
    """A reading room: its address, and the folder below which the server writes everything."""

    base: str
    written: Path

    @property
    def home(self) -> Path:
        """The product's home."""
        return self.written / "home"


@pytest.fixture
def room(
    browser: Browser, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Room]:
    """Return a room whose temporary files lie beside its home."""
    written = tmp_path / "written"
    (written / "temporary").mkdir(parents=True)
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(written / "temporary"))
    with served(shipped, written / "home") as base:
        yield Room(base, written)


def marked_png(seed: int) -> bytes:
    stream, told = io.BytesIO(), PngInfo()
    told.add_text("Patient", MARKER)
    told.add_itxt("Comment", f"{MARKER} ZZDESC")
    Image.fromarray(picture(seed)).save(stream, "PNG", pnginfo=told)
    return stream.getvalue()


def marked_jpeg(seed: int) -> bytes:
    told = Image.Exif()
    told[0x010E], told[0x013B], told[0x9C9D] = MARKER, "ZZINST", "ZZDESC".encode("utf-16-le")
    return encoded(picture(seed), "JPEG", exif=told, comment=MARKER.encode(), quality=98)


def marked_ct(place: int, seed: int) -> bytes:
    return ct(picture(seed), at=(0, 0, 5 * place), number=place + 1, **TAGS)


def planted_in(data: bytes) -> list[bytes]:
    return [word for word in PLANTED if word in data]


def test_what_is_planted_can_be_found(tmp_path: Path):
    for data in (marked_png(1), marked_jpeg(1), marked_ct(0, 1), zipped({f"{MARKER}.x": b""})):
        assert planted_in(data)


def files_below(folder: Path) -> dict[str, bytes]:
    """Return every file, those in archives by themselves and the words of PDFs with them."""
    found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name, data in list(found.items()):
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                found |= {f"{name}/{item}": archive.read(item) for item in archive.namelist()}
        if data.startswith(b"%PDF"):
            pages = pypdfium2.PdfDocument(data)
            told = "".join(page.get_textpage().get_text_range() for page in pages)
            found[f"{name}/words"] = f"{told}{pages.get_metadata_dict()}".encode()
    return found


def expect_no_patient(room: Room) -> set[str]:
    """Expect the marker in no file and no name of one; return the files' names."""
    found = files_below(room.written)
    assert [name for name in found if planted_in(name.encode())] == []
    assert {name: hit for name, data in found.items() if (hit := planted_in(data))} == {}
    return {Path(name).name for name in found}


def takes(visit: Visit, button: str, folder: Path) -> None:
    """Take an export; where the page ran anew at that very moment, as a person would: again.

    Streamlit gives the work of a download a new number in every run, and says "failed" to a click
    that still had the old one.
    """
    where = visit.page.get_by_role("button", name=button)
    try:
        with visit.page.expect_download(timeout=20_000) as taken:
            where.click()
    except TimeoutError:
        settle(visit)
        with visit.page.expect_download() as taken:
            where.click()
    taken.value.save_as(folder / taken.value.suggested_filename)


def adds_on_the_worklist(visit: Visit, given: Path) -> None:
    """Add three pictures and one that cannot be read: its name is told, and not kept."""
    files = {
        f"{MARKER} 1.png": marked_png(61),
        f"{MARKER} 2.jpg": marked_jpeg(62),
        f"{MARKER} 3.dcm": marked_ct(0, 63),
        f"{MARKER} cut.png": marked_png(64)[:600],
    }
    for name, data in files.items():
        (given / name).write_bytes(data)
    open_address(visit, "/worklist?task=kidney_ct")
    say_who(visit, "A. Reader")
    upload(visit, *(given / name for name in files))
    press(visit, "Add 4 pictures")
    expect(visit.page.get_by_text("✓ 3 added")).to_be_visible()
    expect(visit.page.get_by_text("✕ 1 unreadable")).to_be_visible()
    expect(lines(visit)).to_have_count(3)


def adds_on_analyse(visit: Visit, given: Path) -> None:
    path = given / f"{MARKER}.dcm"
    path.write_bytes(marked_ct(0, 65))
    visit.page.get_by_role("link", name="Analyse", exact=True).click()
    visit.page.wait_for_url("**/analyse?*")
    settle(visit)
    upload(visit, path)
    assert probabilities(visit)
    press(visit, "Add as case")
    expect(visit.page.get_by_text("This picture is a case now.")).to_be_visible()


def reads_a_series(visit: Visit, given: Path, exports: Path) -> None:
    path = given / f"{MARKER}.zip"
    path.write_bytes(zipped({f"{MARKER}/{k}.dcm": marked_ct(k, 70 + k) for k in range(3)}))
    open_address(visit, "/series?task=kidney_ct")
    visit.page.locator("input[type=file]").first.set_input_files(path)
    expect(visit.page.get_by_text("3 of 3 slices were answered.")).to_be_visible()
    takes(visit, "Report as PDF", exports)


def reads_a_case(visit: Visit, case_id: str, exports: Path) -> None:
    """Save a verdict, show the patient context, take every export."""
    open_address(visit, f"/case?task=kidney_ct&case={case_id}")
    # The tab hands the name over after the first run; the form is then one of that reader.
    expect(visit.page.locator(".st-key-reader_field input")).to_have_value("A. Reader")
    settle(visit)
    choose(visit, "Cyst")
    press(visit, "Save verdict")
    expect(visit.page.get_by_text("A. Reader (you)")).to_be_visible()
    expect(visit.page.get_by_text("maps are left out")).to_have_count(0)
    press(visit, "Show patient context")
    expect(visit.page.get_by_text("Pseudonym P-")).to_be_visible()
    for button in ("Report as PDF", "DICOM report", "CSV"):
        takes(visit, button, exports)
    assert planted_in(f"{visit.page.url} {visit.page.title()}".encode()) == []


def backs_up(room: Room) -> None:
    subprocess.run(
        [sys.executable, "-m", "core", "backup", str(room.written / "backup.zip")],
        cwd=ROOT,
        env={**os.environ, PREFIX + "HOME": str(room.home)},
        check=True,
    )


def test_a_planted_patient_is_found_nowhere_after_a_day(
    browser: Browser, room: Room, tmp_path: Path
):
    given, exports = tmp_path / "given", room.written / "exports"
    given.mkdir()
    exports.mkdir()
    with visiting(browser, room.base) as visit:
        adds_on_the_worklist(visit, given)
        adds_on_analyse(visit, given)
        reads_a_series(visit, given, exports)
        open_address(visit, "/worklist?task=kidney_ct")
        expect(lines(visit)).to_have_count(4)
        cases = [str(line.get_attribute("data-case")) for line in lines(visit).all()]
        for case_id in cases:
            reads_a_case(visit, case_id, exports)
        expect_no_patient(room)  # while the pages are still open
        assert visit.outside == []
    backs_up(room)
    names = expect_no_patient(room)
    assert {"second_look.db", "backup.zip", "audit_head"} <= names
    assert len(list(exports.iterdir())) == 1 + 3 * len(cases)
    assert len([name for name in names if name.startswith("server-")]) == 1
