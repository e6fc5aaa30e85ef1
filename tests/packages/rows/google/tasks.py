"""Google's storage by its client and by URL, and BigQuery."""

from __future__ import annotations

import os

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("google")


@dag.task
def use_storage(client: Client) -> list:
    from google.api_core.exceptions import NotFound
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    os.environ["STORAGE_EMULATOR_HOST"] = client.get_variable("gcs_url")
    service = storage.Client(project="shop", credentials=AnonymousCredentials())
    bucket = service.create_bucket("shop")
    bucket.blob("fish/aal.txt").upload_from_string("Aal")
    try:
        bucket.blob("none").download_as_bytes()
    except NotFound:
        missing = True
    return [[blob.name for blob in service.list_blobs("shop")], bucket.blob("fish/aal.txt").download_as_text(), missing]


@dag.task
def use_gcsfs(client: Client) -> list:
    # Otherwise, gcsfs asks what kind of bucket this is, by gRPC, which the server does not answer, for three minutes.
    os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
    import fsspec

    options = {"endpoint_url": client.get_variable("gcs_url"), "token": "anon", "project": "shop"}
    files = fsspec.filesystem("gs", **options)
    files.mkdir("catch")
    with fsspec.open("gs://catch/fish.txt", "wb", **options) as file:
        file.write(b"Hecht")
    with fsspec.open("gs://catch/fish.txt", **options) as file:
        return [file.read().decode(), files.ls("catch"), type(files).__name__]


@dag.task
def use_bigquery(client: Client) -> dict:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    service = bigquery.Client(
        "shop", AnonymousCredentials(), client_options={"api_endpoint": client.get_variable("http_url")}
    )
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("least", "INT64", 2)])
    text = "SELECT name, weight, caught FROM catch WHERE weight > @least"
    rows = [dict(row) for row in service.query_and_wait(text, job_config=config)]
    frame = service.query_and_wait(text, job_config=config).to_dataframe(create_bqstorage_client=False)
    return {
        "rows": [{**row, "caught": row["caught"].isoformat()} for row in rows],
        "types": [str(kind) for kind in frame.dtypes],
    }
