#!/usr/bin/python3
"""A web server and its client: web.py DIR [NAME]. Serves DIR with http.server in a process of its own, fetches index.html,
or NAME, prints it and stops the server."""

import subprocess
import sys
import time
import urllib.error
import urllib.request

PORT = 8931


def fetch(name):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(200):
        try:
            with direct.open(f"http://127.0.0.1:{PORT}/{name}", timeout=20) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            sys.exit(f"the server answers {error.code}")
        except urllib.error.URLError:
            time.sleep(0.1)
    sys.exit("the server does not answer")


def main():
    folder, name = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "index.html"
    server = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder, str(PORT)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        print(fetch(name), end="")
    finally:
        server.terminate()
        server.wait()


main()
