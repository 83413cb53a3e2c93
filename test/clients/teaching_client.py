"""
A client as the teaching document has it: connect, send the request without a line feed, receive once, close.

Reads jobs from standard input, one JSON object a line, and answers each by a line of JSON.
  {"port": 8080, "send": "GET a"}                 what one recv returned
  {"port": 8080, "send": "DUMP", "all": true}     what came until the other side closed
  {"port": 8080, "key": "k", "rounds": 50}        PUT and GET of ever new values: the replies to GET that were wrong
"""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

HOST = "localhost"
BUFFER_BYTES = 65536


def exchange(port, request):
    client = socket.create_connection((HOST, port))
    client.sendall(request.encode("latin-1"))
    reply = client.recv(BUFFER_BYTES)
    client.close()
    return reply.decode("latin-1")


def receive_all(port, request):
    client = socket.create_connection((HOST, port))
    client.sendall(request.encode("latin-1"))
    parts = []
    while True:
        part = client.recv(BUFFER_BYTES)
        if not part:
            break
        parts.append(part)
    client.close()
    return b"".join(parts).decode("latin-1")


def put_and_get(port, key, rounds):
    wrong = []
    for i in range(rounds):
        put = exchange(port, f"PUT {key}=value {i}")
        got = exchange(port, f"GET {key}")
        if put != "{Backend Server} : OK" or not got.endswith(f" : value {i}"):
            wrong.append([i, put, got])
    return wrong


def work(line):
    job = json.loads(line)
    if "key" in job:
        return put_and_get(job["port"], job["key"], job["rounds"])
    return (receive_all if job.get("all") else exchange)(job["port"], job["send"])


# Jobs that ask for a thread of their own run at the same time; the others one after the other.
lines = sys.stdin.read().splitlines()
if all("key" in line for line in lines):
    with ThreadPoolExecutor(len(lines)) as pool:
        results = list(pool.map(work, lines))
else:
    results = [work(line) for line in lines]
for result in results:
    print(json.dumps(result))
