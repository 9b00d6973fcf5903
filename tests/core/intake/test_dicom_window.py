"""Which window a DICOM opens with, and which a reader may choose."""

import numpy as np
import pydicom
import pytest

from core.domain import Window
from core.intake import read_study
from tests.core.intake import files


def ct(**options):
    return files.dicom(files.hounsfield(), bits_stored=12, rescale=(1, -1024), **options)


def test_the_files_window_comes_first_then_the_tasks_then_the_presets():
    image = read_study(ct(WindowCenter=50, WindowWidth=350), default_window=(-160, 240))
    assert image.window == Window(-125.0, 224.0, "File")
    names = [preset.name for preset in image.presets]
    assert names == ["File", "Task", "Soft tissue", "Lung", "Bone", "Liver", "Brain"]


def test_a_ct_without_a_window_opens_with_the_tasks():
    image = read_study(ct(), default_window=(-100, 300))
    assert (image.window.low, image.window.high) == (-100, 300)
    assert "The file states no window; -100 to 300 HU is shown." in image.notes


def test_a_ct_without_any_window_opens_with_soft_tissue():
    assert read_study(ct()).window == Window(-160.0, 240.0, "Soft tissue")


def test_of_several_windows_the_first_opens_and_all_are_presets():
    image = read_study(ct(WindowCenter=[40, 300], WindowWidth=[400, 1500]))
    assert [preset.name for preset in image.presets[:2]] == ["File 1", "File 2"]
    assert image.window == image.presets[0]


@pytest.mark.parametrize("width", [0, -5])
def test_a_width_that_is_not_above_zero_falls_back_with_a_note(width):
    image = read_study(
        files.dicom(
            files.picture().astype(np.int16) * 9, Modality="DX", WindowCenter=40, WindowWidth=width
        )
    )
    low, high = np.percentile(image.values, [0.5, 99.5])
    assert (image.window.low, image.window.high) == pytest.approx((low, high))
    assert any("cannot be used" in note for note in image.notes)


def test_a_linear_exact_window_has_other_ends():
    image = read_study(ct(WindowCenter=40, WindowWidth=400, VOILUTFunction="LINEAR_EXACT"))
    assert (image.window.low, image.window.high) == (-160, 240)


def test_a_sigmoid_window_and_a_table_are_noted():
    table = pydicom.Dataset()
    table.LUTExplanation = "ZZPHI"
    image = read_study(
        ct(WindowCenter=40, WindowWidth=400, VOILUTFunction="SIGMOID", VOILUTSequence=[table])
    )
    assert any("sigmoid" in note for note in image.notes)
    assert any("VOI look-up table" in note for note in image.notes)


def test_an_enhanced_object_keeps_rescale_window_and_spacing_in_its_frames():
    stack = np.stack([files.hounsfield(), files.hounsfield()])
    made = files.dataset(stack, n_frames=2, bits_stored=12, rescale=None)
    measures, shared = pydicom.Dataset(), pydicom.Dataset()
    measures.PixelSpacing = [0.5, 0.5]
    shared.PixelMeasuresSequence = [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = [frame_group(-1024), frame_group(-1000)]
    image = read_study(files.saved(made), frame=1)
    assert image.values[0, 0] == 24 - 1000
    assert image.window.name == "File"
    assert image.pixel_spacing_mm == (0.5, 0.5)
    assert image.tags["RescaleIntercept"] == "-1000"


def frame_group(intercept):
    rescale, window, group = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, intercept, "HU"
    window.WindowCenter, window.WindowWidth = 40, 400
    group.PixelValueTransformationSequence = [rescale]
    group.FrameVOILUTSequence = [window]
    return group
