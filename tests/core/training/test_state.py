"""The state of a fit on disk."""

import numpy as np

from core.training.state import FitState, load_state, save_state


def filled():
    rng = np.random.default_rng(0)
    return FitState(
        epochs_done=2,
        weights=[rng.normal(size=(2, 3)), rng.normal(size=4)],
        optimizer=[np.array(7)],
        best=[rng.normal(size=(2, 3))],
        best_epoch=1,
        best_score=0.5,
        history=[{"epoch": 1, "loss": 1.5}],
    )


def test_a_state_comes_back_as_it_was_stored(tmp_path):
    state = filled()
    save_state(state, tmp_path / "run" / "state.npz")
    again = load_state(tmp_path / "run" / "state.npz")
    assert all(map(np.array_equal, again.weights, state.weights))
    assert [again.optimizer, again.best_score, again.history] == [
        state.optimizer,
        0.5,
        state.history,
    ]
    assert (again.epochs_done, again.best_epoch, again.finished) == (2, 1, False)


def test_order_is_kept_beyond_ten_arrays(tmp_path):
    state = FitState(weights=[np.array(i) for i in range(12)])
    save_state(state, tmp_path / "state.npz")
    assert [int(v) for v in load_state(tmp_path / "state.npz").weights] == list(range(12))


def test_no_state_a_damaged_one_and_one_cut_short_all_mean_starting_anew(tmp_path):
    path = tmp_path / "state.npz"
    assert load_state(path) is None
    save_state(filled(), path)
    whole = path.read_bytes()
    for content in (b"", b"not an archive", whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert load_state(path) is None


def test_nothing_is_left_beside_the_state(tmp_path):
    save_state(filled(), tmp_path / "state.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
