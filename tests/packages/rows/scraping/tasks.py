"""Scrapy and friends: a spider against a local server, its middlewares named in settings; and four HTML parsers."""

import http.server
import threading

from bs4 import BeautifulSoup

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("scrapy")

PAGE = b"<html><body><h1>Dags</h1><p>They run <a href='/next'>daily</a>, said the author.</p></body></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path in ("/", "/next")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE if found else b"")

    def log_message(self, *_: object) -> None:
        pass


@dag.task
def work() -> list:
    import feedparser
    import scrapy
    import trafilatura
    from scrapy.crawler import CrawlerProcess

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen = []

    class Spider(scrapy.Spider):
        name = "desk"
        start_urls = (f"http://127.0.0.1:{server.server_port}/",)

        def parse(self, response: object) -> object:
            seen.append([response.url.rpartition("/")[2], response.css("h1::text").get()])
            yield from response.follow_all(css="a", callback=self.parse)

    process = CrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False}, install_root_handler=False)
    crawler = process.create_crawler(Spider)
    process.crawl(crawler)
    process.start(install_signal_handlers=False)
    server.shutdown()
    parsed = [BeautifulSoup(PAGE, name).h1.text for name in ("html.parser", "lxml", "html5lib")]
    feed = feedparser.parse("<rss version='2.0'><channel><item><title>New</title></item></channel></rss>")
    return [sorted(seen), parsed, trafilatura.extract(PAGE.decode() * 2) is not None, feed.entries[0].title]
