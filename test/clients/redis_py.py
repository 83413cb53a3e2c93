"""Real work by redis-py. Fails by an assertion.

Arguments: the port, "all-types" when it has all of Redis's types, "scripts" when they may be run, user and password (or nothing),
files for TLS.
"""

import sys
import threading
import time

import redis

port = int(sys.argv[1])
has_all_types = sys.argv[2] == "all-types"
runs_scripts = sys.argv[3] == "scripts"
user = dict(username=sys.argv[4], password=sys.argv[5]) if sys.argv[4] else {}
# With TLS, the paths of the authority's certificate, and of the client's and its key.
secured = dict(zip(("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), sys.argv[6:]), ssl=True) if sys.argv[6:] else {}


def connect(**options):
    return redis.Redis(port=port, **user, **secured, **options)


client = connect()


def strings():
    assert client.set("text", "größe") is True
    assert client.get("text") == "größe".encode()
    assert client.set("text", "x", nx=True) is None
    assert client.set("text", "x", get=True) == "größe".encode()
    every_byte = bytes(range(256)) * 40
    client.set("bytes", every_byte)
    assert client.get("bytes") == every_byte
    assert client.get("bytes") == every_byte
    assert client.mset({"a": 1, "b": 2}) is True
    assert client.mget("a", "none", "b") == [b"1", None, b"2"]
    assert client.incr("a", 41) == 42
    assert client.append("b", "22") == 3
    assert client.strlen("b") == 3
    assert client.delete("a", "b", "none") == 2
    assert client.get("a") is None


def expiry():
    client.set("short-lived", "x", px=60)
    assert client.get("short-lived") == b"x"
    assert 0 < client.pttl("short-lived") <= 60
    time.sleep(0.065)
    assert client.get("short-lived") is None
    client.set("long-lived", "x")
    assert client.expire("long-lived", 100) is True
    assert 99 <= client.ttl("long-lived") <= 100
    assert client.persist("long-lived") is True
    assert client.ttl("long-lived") == -1


def pipelines():
    with client.pipeline(transaction=False) as pipeline:
        for i in range(500):
            pipeline.set(f"p:{i}", i).get(f"p:{i}")
        assert pipeline.execute() == [x for i in range(500) for x in (True, str(i).encode())]


def transactions():
    with client.pipeline(transaction=True) as pipeline:
        assert pipeline.set("t", 1).incr("t").get("t").execute() == [True, 2, b"2"]
    other = connect()
    with client.pipeline() as pipeline:
        pipeline.watch("t")
        other.set("t", "changed")
        pipeline.multi()
        pipeline.set("t", "lost")
        try:
            pipeline.execute()
            raise AssertionError("the watched key did not stop the transaction")
        except redis.WatchError:
            pass
    assert client.get("t") == b"changed"
    # The usual loop for a change that depends on the value.
    client.set("sum", 0)

    def add():
        mine = connect()
        for _ in range(20):
            mine.transaction(lambda p: add_one(p), "sum")

    def add_one(pipeline):
        value = int(pipeline.get("sum"))
        pipeline.multi()
        pipeline.set("sum", value + 1)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("sum") == b"80"


def walk():
    keys = {f"walk:{i}".encode() for i in range(300)}
    client.mset({key: "x" for key in keys})
    assert set(client.scan_iter("walk:*", count=20)) == keys
    assert set(client.keys("walk:1?")) == {f"walk:{i}".encode() for i in range(10, 20)}


def errors():
    client.set("text", "x")
    for command, message in [(("INCR", "text"), "value is not an integer"), (("NO.SUCH",), "unknown command")]:
        try:
            client.execute_command(*command)
            raise AssertionError("no error")
        except redis.ResponseError as error:
            assert message in str(error), error


def reconnection():
    client.set("kept", "yes")
    mine = connect(single_connection_client=True, retry_on_error=[redis.ConnectionError])
    victim = mine.client_id()
    assert client.client_kill_filter(_id=str(victim)) == 1
    time.sleep(0.02)
    assert mine.get("kept") == b"yes"
    assert mine.client_id() != victim


def all_types():
    client.hset("hash", mapping={"one": 1, "two": 2})
    assert client.hgetall("hash") == {b"one": b"1", b"two": b"2"}
    client.rpush("list", "a", "b")
    assert client.lrange("list", 0, -1) == [b"a", b"b"]
    client.zadd("zset", {"low": 1.5, "high": 2})
    assert client.zrange("zset", 0, -1, withscores=True) == [(b"low", 1.5), (b"high", 2.0)]
    if not runs_scripts:
        return
    script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    client.set("scripted", 1)
    assert client.get("scripted") == b"1"
    assert script(keys=["scripted"], args=[41]) == 42
    assert client.get("scripted") == b"42"


def messages():
    subscriber = client.pubsub()
    subscriber.subscribe("news")
    subscriber.psubscribe("pattern.*")
    assert subscriber.get_message(timeout=5)["type"] == "subscribe"
    assert subscriber.get_message(timeout=5)["type"] == "psubscribe"
    assert client.publish("news", "hello") == 1
    assert client.publish("pattern.x", "there") == 1
    assert subscriber.get_message(timeout=5)["data"] == b"hello"
    assert subscriber.get_message(timeout=5)["data"] == b"there"
    subscriber.close()


def waiting():
    popped = []
    thread = threading.Thread(target=lambda: popped.append(connect().blpop("queue", timeout=10)))
    thread.start()
    for i in range(10):
        client.set("meanwhile", i)
    client.rpush("queue", "job")
    thread.join()
    assert popped == [(b"queue", b"job")]


jobs = [strings, expiry, pipelines, transactions, walk, errors, reconnection]
if has_all_types:
    jobs += [all_types, messages, waiting]
for job in jobs:
    job()
    print(job.__name__)
