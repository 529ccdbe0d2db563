"""The Chromium that browser tests drive: found on the machine or installed by its package manager, never downloaded.

Must need the standard library only: the launcher asks it before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
APT = ("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fontconfig", "fonts-noto-cjk")


def find() -> str:
    """The path for Playwright's executable_path: what BANSOU_CHROMIUM names, else what is there, else empty."""
    named = os.environ.get("BANSOU_CHROMIUM")
    installed = filter(None, map(shutil.which, NAMES))
    placed = filter(os.path.exists, PLACES)
    return named or next(installed, "") or next(placed, "")


def is_complete() -> bool:
    """Is there a Chromium, and a font for its Japanese?"""
    return bool(find()) and has_japanese_font()


def has_japanese_font() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    fc_list = shutil.which("fc-list")
    return bool(fc_list and subprocess.run([fc_list, ":lang=ja"], capture_output=True, check=False).stdout.strip())


def can_be_installed() -> bool:
    return is_root() and shutil.which("apt-get") is not None


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install() -> None:
    """By apt-get, as root, without a question; whether it worked, is_complete() tells."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "update"), APT):
        quietly = ("-qq", "-o", "DPkg::Lock::Timeout=300")
        subprocess.call([*command, *quietly], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def command() -> str:
    """The one command that installs it on this system."""
    if sys.platform == "darwin":
        return "brew install --cask google-chrome"
    if sys.platform == "win32":
        return "winget install Google.Chrome"
    by_dnf = "dnf install -y chromium google-noto-sans-cjk-fonts"
    by_apt = f"sh -c 'apt-get update && {' '.join(APT)}'"
    install = by_dnf if shutil.which("dnf") else by_apt
    return install if is_root() else f"sudo {install}"
