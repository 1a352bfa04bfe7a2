# SPDX-License-Identifier: Apache-2.0
"""Who writes into a node's store what only its agent should: found before anything of it is carried out, and nothing that runs is touched."""
import json
import os
import signal

from manifests import file, shell
from waiting import until

SECONDS = 60
PUBLIC_KEY = b"holdfast-record1"
MASK = (1 << 64) - 1


def siphash(key, data):
    """SipHash-2-4, as its authors describe it."""
    k0, k1 = (int.from_bytes(key[at:at + 8], "little") for at in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(value, bits):
        return (value << bits | value >> (64 - bits)) & MASK

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[2] = (v[2] + v[3]) & MASK
            v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[1]) & MASK
            v[0] = (v[0] + v[3]) & MASK
            v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


def checksum(key, table, name, payload):
    lengths = len(table).to_bytes(4, "little") + len(name).to_bytes(4, "little")
    return siphash(key, lengths + table + name + payload)


def section_records(store):
    """Of every page that has or had one: where it begins, its application, its bytes."""
    text = store.read_bytes().decode("latin-1")
    begin = text.find('{"accepted":{"application"')
    while begin >= 0:
        try:
            record, end = json.JSONDecoder().raw_decode(text, begin)
            yield begin, record["accepted"]["application"].encode(), text[begin:end].encode("latin-1")
        except ValueError:
            pass  # written over since
        begin = text.find('{"accepted":{"application"', begin + 1)


def forge(store):
    """Each section goes back to a state that nobody ever signed, with the checksum that docs/store.md gives."""
    forged = 0
    with open(store, "r+b") as out:
        for begin, application, payload in list(section_records(store)):
            record = json.loads(payload)
            if not record["lastGood"]:
                continue
            other = payload.replace(f'"lastGood":["{record["lastGood"][0]}'.encode(), f'"lastGood":["{"e" * 64}'.encode())
            assert len(other) == len(payload) and other != payload
            out.seek(begin)
            out.write(other + checksum(PUBLIC_KEY, b"section", application, other))
            forged += 1
    assert forged


def test_the_checksum_that_this_file_makes_is_the_one_of_the_document():
    assert checksum(PUBLIC_KEY, b"meta", b"schema", b"hello").hex() == "56b4b934391a40fa"


def test_a_forged_record_is_damage_and_what_runs_is_kept_and_healed_without_the_hub(own_fleet):
    node = own_fleet.node()
    app = own_fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000"), "a.yaml": file("a", "/etc/a", "a\n")})
    running = node.process("web")
    own_fleet.hub.kill()
    os.kill(own_fleet.hub.broker_pid(), signal.SIGKILL)
    node.kill()
    forge(node.data / "store")
    node.start()
    until("the store was set aside", (node.data / "store.corrupt-1").exists)
    node.put("/etc/a", "by hand\n")
    until("it is looked after as before", lambda: node.text("/etc/a") == "a\n")
    assert node.process("web") == running
    assert not any(b"e" * 64 in payload for _, _, payload in section_records(node.data / "store"))
    own_fleet.hub.start()
    app.settled(seconds=SECONDS)
    assert node.process("web") == running


def test_without_its_key_a_store_is_not_believed_and_all_is_given_once_more(own_fleet):
    node = own_fleet.node()
    app = own_fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000"), "a.yaml": file("a", "/etc/a", "a\n")})
    running = node.process("web")
    node.kill()
    (node.data / "store-key").unlink()
    node.put("/etc/a", "by hand\n")
    node.start()
    until("the hub gives it once more", lambda: node.text("/etc/a") == "a\n", SECONDS)
    app.settled(seconds=SECONDS)
    assert node.process("web") == running
    app.remove("a.yaml").push(seconds=SECONDS)
    until("and what Git no longer says goes", lambda: node.files() == set())
