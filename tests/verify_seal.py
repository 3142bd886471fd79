#!/usr/bin/env python3
"""Checks seals on paper with software that others wrote: base45, cbor2, pycose, cryptography, zxing-cpp.

    python3 tests/verify_seal.py tests/vectors/seals.json tests/vectors/seal-export-skins.svg

A second implementation of what a seal says: it shares no code with the ledger. Prints one line for each seal and
each drawing of a QR code, which must show the text of a seal that was named before it;
exit code 1 where one does not hold, or where an altered one does.
"""
import hashlib
import hmac
import json
import re
import sys

import base45
import cbor2
import zxingcpp
from PIL import Image
from pycose.keys import OKPKey
from pycose.messages import Sign1Message

HEADER = ["1/number", "1/kind", "1/copy", "1.1/name", "2/valid-from", "2/valid-until", "3/name", "3/street", "3/city",
          "3/postcode", "3a/country", "4/name", "4/street", "4/city", "4/postcode", "4/country", "4/applicant/at",
          "4/applicant/by/name", "5/condition/#", "5a/purpose", "5a/text", "5b/stamp", "6/authority/by/name",
          "6/authority/by/street", "6/authority/by/city", "6/authority/by/country", "13/issued", "13/officer/at",
          "13/officer/by/name", "13/place/id", "13/place/name", "4/applicant/place/name"]
LINE = ["7/taxon", "8/common-name", "9/term", "9/description", "9/mark/#", "10/appendix", "10/source",
        "10/second-source", "11/quantity", "11/unit", "11a/used-to-date/quantity", "11a/used-to-date/unit",
        "11a/quota/quantity", "11a/quota/unit", "12/origin/country", "12/origin/document/#/number",
        "12/origin/document/#/issued", "12/origin/country-name", "12a/re-export/country",
        "12a/re-export/document/#/number", "12a/re-export/document/#/issued", "12a/re-export/country-name",
        "12b/category", "12b/operation", "12b/acquired"]
LINE_BASE = 64


def framed(*parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def sha(data):
    return hashlib.sha256(data).digest()


def letters(line):
    """A, B, … Z, AA, …: lines are numbers from 1 in a seal."""
    before, last = divmod(line - 1, 26)
    return (letters(before) if before else "") + chr(ord("A") + last)


def path_of(entry):
    code, value, line, index = (list(entry) + [None, None])[:4]
    if code < LINE_BASE:
        path = HEADER[code]
    else:
        box, name = LINE[code - LINE_BASE].split("/", 1)
        path = f"{box}/{letters(line)}/{name}"
    return path.replace("#", f"{index or 0:05}"), value


def root(first, size, shown, hidden):
    """Root over `size` leaves from place `first`: leaves that are shown, hashes of the parts that are not."""
    if not any(first <= place < first + size for place in shown):
        return hidden.pop(0)
    if size == 1:
        return sha(b"\x00" + shown[first])
    left = 1
    while left * 2 < size:
        left *= 2
    one = root(first, left, shown, hidden)
    return sha(b"\x01" + one + root(first + left, size - left, shown, hidden))


def opened(text, chain, key):
    """The fields and the commitment of a seal that `key` signed; raises where it does not hold."""
    if not text.startswith("CP1:"):
        raise ValueError("no seal")
    raw = base45.b45decode(text[4:])
    message = Sign1Message.decode(raw)
    message.external_aad = framed(b"seal", chain)
    message.key = OKPKey(crv="ED25519", x=key)
    if not message.verify_signature():
        raise ValueError("signature")
    content = cbor2.loads(message.payload)
    if content[0] != chain[:4]:
        raise ValueError("another network")
    places = [place for place in range(len(content[3]) * 8) if content[3][place // 8] >> (7 - place % 8) & 1]
    fields = [path_of(entry) for entry in content[4]]
    if len(places) != len(fields):
        raise ValueError("places")
    leaves = {}
    for place, (path, value) in zip(places, fields):
        salt = hmac.new(content[6], path.encode(), hashlib.sha256).digest()
        leaves[place] = sha(framed(b"field", salt, path.encode(), value.encode()))
    hidden = [content[5][at:at + 32] for at in range(0, len(content[5]), 32)]
    commitment = root(0, content[2], leaves, hidden)
    if hidden:
        raise ValueError("a hash too many")
    return list(zip(places, fields)), commitment, content


def holds(vector):
    known = vector["fields"]
    chain, key = bytes.fromhex(known["chain"]), bytes.fromhex(known["key"])
    fields, commitment, content = opened(known["text"], chain, key)
    assert [[place, path, value] for place, (path, value) in fields] == known["shown"], "fields"
    assert commitment.hex() == known["commitment"], "commitment"
    assert (content[1], content[7], content[8].hex()) == (known["issuer"], known["height"], known["block"]), "anchor"
    raw = bytearray(bytes.fromhex(vector["bytes"]))
    for place in range(0, len(raw), 7):
        altered = bytearray(raw)
        altered[place] ^= 0x40
        try:
            opened("CP1:" + base45.b45encode(bytes(altered)).decode(), chain, key)
        except Exception:
            continue
        raise AssertionError(f"byte {place} altered, and it still holds")


def scanned(svg):
    """The text of a QR code, from its modules drawn four dots wide."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1))
    image = Image.new("L", (side, side), 255)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg):
        image.putpixel((int(x), int(y)), 0)
    return zxingcpp.read_barcode(image.resize((side * 4, side * 4), Image.NEAREST)).text


def main():
    failed, texts = False, set()
    for name in sys.argv[1:]:
        if name.endswith(".svg"):
            is_known = scanned(open(name).read()) in texts
            failed |= not is_known
            print(f"{'reads ' if is_known else 'FAILS '} {name}")
            continue
        for vector in json.load(open(name))["vectors"]:
            texts.add(vector["fields"]["text"])
            try:
                holds(vector)
                print(f"holds  {vector['name']}")
            except Exception as error:
                failed = True
                print(f"FAILS  {vector['name']}: {error}")
    sys.exit(1 if failed else 0)


main()
