"""MLflow's alias follows the product's own record, where MLflow knows the version at all."""

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.slow]


@pytest.fixture
def registry(tmp_path):
    """Return an MLflow database in which one run, small-2, is registered under its task."""
    from core.training import tracking

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = tracking.mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.create_experiment("kidney_ct", artifact_location=tmp_path.as_uri())
    run = client.create_run(experiment, run_name="small-2")
    client.create_registered_model("kidney_ct")
    client.create_model_version("kidney_ct", source=tmp_path.as_uri(), run_id=run.info.run_id)
    return uri, client


def test_the_alias_points_at_the_promoted_version_only(registry, tmp_path, capsys):
    from core.training.tracking import mirror_champion

    uri, client = registry
    assert mirror_champion(uri, task="kidney_ct", version="small-1") is False
    assert mirror_champion(uri, task="phantom_ct", version="small-2") is False
    assert dict(client.get_registered_model("kidney_ct").aliases) == {}
    assert mirror_champion(uri, task="kidney_ct", version="small-2") is True
    assert client.get_model_version_by_alias("kidney_ct", "champion").version == 1
    assert capsys.readouterr().err == ""
    gone = "http://127.0.0.1:9"
    assert mirror_champion(gone, task="kidney_ct", version="small-2") is False
    assert "MLflow's alias was not set" in capsys.readouterr().err
