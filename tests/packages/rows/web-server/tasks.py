"""gunicorn and flask: a worker class by name answers a request, with a template of the package."""

import os
import signal
import socket
import time
import urllib.request

from flask import Flask, render_template_string

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("gunicorn")


def make_app() -> Flask:
    app = Flask("shop")

    @app.get("/")
    def index() -> str:
        return render_template_string("hello {{ name }}", name="frozen")

    return app


@dag.task
def work() -> list:
    answer = make_app().test_client().get("/").get_data(as_text=True)
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", f"127.0.0.1:{port}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("loglevel", "error")

        def load(self) -> Flask:
            return make_app()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = os.fork()
    if child == 0:
        try:
            Server().run()
        finally:
            os._exit(1)
    try:
        for _ in range(100):
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read().decode()
                break
            except OSError:
                time.sleep(0.1)
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    return [answer, page]
