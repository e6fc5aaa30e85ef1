"""Playwright: the version of its driver, a Node.js program inside the package."""

import subprocess

from playwright._impl._driver import compute_driver_executable, get_driver_env
from playwright.sync_api import sync_playwright

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("playwright")


@dag.task
def work() -> list:
    version = subprocess.run(
        [*compute_driver_executable(), "--version"], env=get_driver_env(), capture_output=True, text=True, check=True
    ).stdout
    with sync_playwright() as playwright:
        names = [playwright.chromium.name, playwright.firefox.name]
        device = playwright.devices["iPhone 13"]["default_browser_type"]
    return [version.startswith("Version 1."), names, device]
