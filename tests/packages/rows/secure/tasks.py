"""Cryptography, and a client of SSH with a server in the same task."""

from __future__ import annotations

import socket
import threading

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("secure")


@dag.task
def use_cryptography() -> dict:
    from datetime import datetime, timedelta, timezone

    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fish.example")])
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    certificate = x509.load_pem_x509_certificate(certificate.public_bytes(serialization.Encoding.PEM))
    certificate.verify_directly_issued_by(certificate)
    try:
        key.public_key().verify(b"no signature", b"text", ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        refused = True
    fernet = Fernet(Fernet.generate_key())
    return {
        "subject": certificate.subject.rfc4514_string(),
        "refused": refused,
        "secret": fernet.decrypt(fernet.encrypt(b"Aal")).decode(),
        "scrypt": Scrypt(salt=b"salt", length=8, n=1024, r=8, p=1).derive(b"fish").hex(),
    }


class Server:
    """The answers of the server."""

    def __new__(cls, answered: threading.Event):
        import paramiko

        class Interface(paramiko.ServerInterface):
            def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
                return paramiko.AUTH_SUCCESSFUL if username == "author" else paramiko.AUTH_FAILED

            def get_allowed_auths(self, username: str) -> str:
                return "publickey"

            def check_channel_request(self, kind: str, number: int) -> int:
                return paramiko.OPEN_SUCCEEDED

            def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
                def answer() -> None:
                    answered.wait(20)  # the client must know that the command runs
                    channel.sendall(b"you wrote " + command)
                    channel.send_exit_status(3)
                    channel.close()

                threading.Thread(target=answer, daemon=True).start()
                return True

        return Interface()


@dag.task
def use_paramiko() -> list:
    import paramiko

    class Files(paramiko.SFTPServerInterface):
        def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle:
            import io

            handle = paramiko.SFTPHandle(flags)
            handle.readfile = io.BytesIO(f"the content of {path}".encode())
            return handle

        def stat(self, path: str) -> paramiko.SFTPAttributes:
            attributes = paramiko.SFTPAttributes()
            attributes.st_size = len(f"the content of {path}")
            return attributes

    ours, theirs = socket.socketpair()
    server = paramiko.Transport(theirs)
    server.add_server_key(paramiko.ECDSAKey.generate())
    server.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
    answered = threading.Event()
    server.start_server(threading.Event(), Server(answered))
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        "fish.example",
        username="author",
        pkey=paramiko.RSAKey.generate(2048),
        sock=ours,
        allow_agent=False,
        look_for_keys=False,
    )
    _, output, _ = client.exec_command("ls /fish")
    answered.set()
    seen = [output.read().decode(), output.channel.recv_exit_status()]
    with client.open_sftp().open("/fish.txt") as file:
        seen.append(file.read().decode())
    client.close()
    server.close()
    return seen
