#!/usr/bin/python3
"""A web server and its client: web.py DIR [NAME]. Serves DIR with http.server in a process of its own, fetches index.html,
or NAME, prints it and stops the server."""

import socket
import subprocess
import sys
import time

PORT = 8931


def fetch(name):
    """Reads to the end: only then has the server shut the connection down, and all that it does been seen."""
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
                connection.sendall(f"GET /{name} HTTP/1.0\r\n\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        head, _, body = answer.decode().partition("\r\n\r\n")
        if head.split()[1] != "200":
            sys.exit(f"the server answers {head.split()[1]}")
        return body
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
