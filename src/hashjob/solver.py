#!/usr/bin/env python3
"""Solves a chained hash job and prints its answer, nothing else.

Runs in a container with python3, cryptography and hashcat, without network. Each part of
/volume/payload.txt lists salted hashes; from the second part on, and from the first if a
password is given as argument, the list is encrypted with what the part before gave.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

from cryptography.fernet import Fernet

PAYLOAD = "/volume/payload.txt"


def digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())


def crack(folder, number, part, hashes):
    path = os.path.join(folder, f"part{number}.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write(hashes)
    command = ["hashcat", "--attack-mode", "3", "--workload-profile", "3"]
    command += ["--optimized-kernel-enable", "--hash-type", part["hash_type"], "--hex-salt"]
    command += ["-1", "?l?d?u", "--potfile-disable", "--restore-disable"]
    command += ["--outfile-format", "2", "--quiet", path, part["mask"]]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    # hashcat prints in the order of its finds; the chain is locked in byte order
    passwords = sorted(line.decode() for line in run.stdout.split())
    expected = len(hashes.split())
    if len(passwords) != expected:
        found = f"{len(passwords)} of {expected} passwords"
        sys.exit(f"part {number}: {found}, hashcat ended with {run.returncode}")
    return passwords


def main():
    with open(PAYLOAD, encoding="ascii") as file:
        parts = json.load(file)["parts"]
    secret = sys.argv[1] if len(sys.argv) > 1 else None
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(parts):
            hashes = part["hashes"]
            if secret is not None:
                hashes = Fernet(digest(secret)).decrypt(hashes.encode()).decode()
            passwords = crack(folder, number, part, hashes)
            found += passwords
            secret = "\n".join(passwords)
    print(digest("".join(found)).decode())


main()
