"""Azure's storage by its client and by URL."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("azure")


@dag.task
def use_blobs(client: Client) -> list:
    from azure.core.exceptions import ResourceNotFoundError
    from azure.storage.blob import BlobServiceClient, generate_blob_sas

    service = BlobServiceClient.from_connection_string(client.get_variable("azure_connection"))
    container = service.create_container("shop")
    container.upload_blob("fish/aal.txt", b"Aal", metadata={"weight": "3"})
    try:
        container.download_blob("none")
    except ResourceNotFoundError as error:
        code = str(getattr(error.error_code, "value", error.error_code))
    signature = generate_blob_sas("author", "shop", "x", account_key="ZmlzaA==", permission="r", expiry="2027-01-01")
    text = container.download_blob("fish/aal.txt").readall().decode()
    return [[blob.name for blob in container.list_blobs(include=["metadata"])], text, code, "sig=" in signature]


@dag.task
def use_adlfs(client: Client) -> list:
    import fsspec

    options = {"connection_string": client.get_variable("azure_connection")}
    files = fsspec.filesystem("abfs", **options)
    files.mkdir("catch")
    with fsspec.open("abfs://catch/fish.txt", "wb", **options) as file:
        file.write(b"Hecht")
    with fsspec.open("abfs://catch/fish.txt", **options) as file:
        return [file.read().decode(), files.ls("catch", detail=False), type(files).__name__]


@dag.task
def use_identity() -> list:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import (
        ChainedTokenCredential,
        ClientSecretCredential,
        CredentialUnavailableError,
        EnvironmentCredential,
    )

    try:
        ChainedTokenCredential(EnvironmentCredential()).get_token("https://storage.azure.com/.default")
    except ClientAuthenticationError as error:
        missing = "EnvironmentCredential" in error.message
    try:
        ClientSecretCredential("bad tenant", "client", "secret")
    except ValueError as error:
        return [missing, "tenant" in str(error).lower(), CredentialUnavailableError.__name__]
    return []
