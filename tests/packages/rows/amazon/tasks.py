"""S3 by the client of Amazon and by URL."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("amazon")
KEYS = {"aws_access_key_id": "author", "aws_secret_access_key": "fish"}


@dag.task
def use_boto3(client: Client) -> dict:
    import boto3
    from botocore.exceptions import ClientError

    s3 = boto3.client("s3", endpoint_url=client.get_variable("s3_url"), region_name="eu-central-1", **KEYS)
    s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.get_waiter("bucket_exists").wait(Bucket="shop")
    for name in ("aal", "hecht"):
        s3.put_object(Bucket="shop", Key=f"fish/{name}.txt", Body=name.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="shop", Prefix="fish/")
    try:
        s3.get_object(Bucket="shop", Key="none")
    except ClientError as error:
        code = error.response["Error"]["Code"]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "shop", "Key": "x"})
    queues = boto3.resource("sqs", endpoint_url=client.get_variable("s3_url"), region_name="eu-central-1", **KEYS)
    queue = queues.create_queue(QueueName="orders")
    queue.send_message(MessageBody="Aal")
    return {
        "names": [item["Key"] for page in pages for item in page["Contents"]],
        "code": code,
        "signed": "AWSAccessKeyId=" in url or "X-Amz-Signature=" in url,
        "services": len(boto3.session.Session().get_available_services()) > 300,
        "message": [message.body for message in queue.receive_messages()],
    }


@dag.task
def use_s3fs(client: Client) -> list:
    import fsspec

    options = {
        "key": KEYS["aws_access_key_id"],
        "secret": KEYS["aws_secret_access_key"],
        "client_kwargs": {"endpoint_url": client.get_variable("s3_url"), "region_name": "eu-central-1"},
    }
    files = fsspec.filesystem("s3", **options)
    files.mkdir("catch")
    with fsspec.open("s3://catch/fish.txt", "w", **options) as file:
        file.write("Aal")
    with fsspec.open("s3://catch/fish.txt", **options) as file:
        return [file.read().decode(), files.ls("catch"), type(files).__name__]


@dag.task
def use_fsspec() -> list:
    import zipfile

    import fsspec

    with fsspec.open("memory://fish.zip", "wb") as raw, zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("a.txt", "Hecht")
    with fsspec.open("zip://a.txt::memory://fish.zip", "rt") as file:
        packed = file.read()
    with fsspec.open("memory://text.gz", "wt", compression="gzip") as file:
        file.write("Aal")
    with fsspec.open("memory://text.gz", "rt", compression="infer") as file:
        text = file.read()
    return [text, packed, fsspec.filesystem("memory").ls("/", detail=False), "s3" in fsspec.available_protocols()]
