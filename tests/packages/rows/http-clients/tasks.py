"""HTTP clients with TLS, against a server with a certificate of its own."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("http_clients")
ORDER = {"fish": "Aal", "weight": 3}


@dag.task
def use_requests(client: Client) -> dict:
    import requests

    url = client.get_variable("https_url") + "/orders"
    reply = requests.post(url, json=ORDER, verify=client.get_variable("web_ca"), timeout=10)
    try:
        requests.get(url, timeout=10, verify=requests.certs.where())
    except requests.exceptions.SSLError as error:
        refused = "CERTIFICATE_VERIFY_FAILED" in str(error)
    return {"reply": reply.json(), "status": reply.status_code, "refused": refused}


@dag.task
def use_httpx(client: Client) -> dict:
    import ssl

    import httpx

    url = client.get_variable("https_url") + "/orders"
    context = ssl.create_default_context(cafile=client.get_variable("web_ca"))
    with httpx.Client(verify=context) as session:
        reply = session.post(url, json=ORDER)
    try:
        httpx.get(url, trust_env=False)
    except httpx.ConnectError as error:
        refused = "CERTIFICATE_VERIFY_FAILED" in str(error)
    return {"reply": reply.json(), "version": reply.http_version, "refused": refused}


@dag.task
def use_aiohttp(client: Client) -> dict:
    import asyncio
    import ssl

    import aiohttp

    url = client.get_variable("https_url") + "/orders"
    context = ssl.create_default_context(cafile=client.get_variable("web_ca"))

    async def post() -> dict:
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=ORDER, ssl=context) as reply:
                document = await reply.json()
            try:
                await session.get(url)
            except aiohttp.ClientConnectorCertificateError:
                return {"reply": document, "status": reply.status, "refused": True}
        return {"refused": False}

    return asyncio.run(post())


@dag.task
def use_certifi() -> bool:
    import ssl

    import certifi

    return len(ssl.create_default_context(cafile=certifi.where()).get_ca_certs()) > 100
