"""What a cluster offers: its hosts, and the words of clrun's hostfile for each of their devices."""

import dataclasses
import json
import re
import subprocess

from scaling import combinations

LETTERS = {"gpu": "G", "cpu": "C", "accelerator": "A"}
KINDS = {letter: kind for kind, letter in LETTERS.items()}


class OfferError(Exception):
    pass


@dataclasses.dataclass
class Host:
    name: str
    terms: dict  # Letter -> the hostfile's words for each such device, "gpu:0" or "cpu:0-3".

    @property
    def letters(self):
        return "".join(letter * len(self.terms.get(letter, [])) for letter in combinations.ORDER)


def of_model(cluster, names):
    """The hosts `names` with what the model puts on them."""
    hosts = []
    for name, letters in zip(names, cluster.letters()):
        terms = {}
        for letter in letters:
            number = len(terms.setdefault(letter, []))
            terms[letter].append(f"{KINDS[letter]}:{number}" if letter != "C" else "cpu")
        hosts.append(Host(name, terms))
    return hosts


def _numbers(text):
    numbers = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def _named_indices(hostfile_text, host, kind):
    """What a line of the hostfile says behind "gpu:" of this host; nothing where it takes all."""
    for line in hostfile_text.splitlines():
        words = line.split("#")[0].split()
        if words[:1] == [host]:
            found = re.search(rf"\b{kind}:([0-9,-]+)", line)
            return _numbers(found[1].strip(",")) if found else None
    return None


def of_listing(listing, hostfile_text):
    """From `clrun --list --json`: every server is a device that combinations may use."""
    hosts = {}
    for server in listing["servers"]:
        host = hosts.setdefault(server["node"], Host(server["node"], {}))
        for device in server["devices"]:
            letter = LETTERS.get(device["type"])
            if letter is None:
                continue
            terms = host.terms.setdefault(letter, [])
            if letter == "C":
                terms.append(f"cpu:{server['cpus']}")
                continue
            named = _named_indices(hostfile_text, host.name, device["type"])
            terms.append(f"{device['type']}:{named[len(terms)] if named else len(terms)}")
    if not hosts:
        raise OfferError("no device is offered; see clrun --doctor")
    return list(hosts.values())


def ask_clrun(clrun, hostfile, environment):
    command = [clrun, "--list", "--json", *(["--hostfile", hostfile] if hostfile else ["--only-served"])]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=180)
    if done.returncode != 0:
        raise OfferError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    text = ""
    if hostfile:
        with open(hostfile, encoding="utf-8") as file:
            text = file.read()
    return of_listing(json.loads(done.stdout), text)


def hostfile_for(combination, hosts):
    """The text of a hostfile for clrun in which each device of the combination gets a rank server."""
    placed = combinations.place(combination, [host.letters for host in hosts])
    lines = []
    for group, index in zip(combinations.parse(combination), placed):
        terms = []
        for letter in combinations.ORDER:
            terms += hosts[index].terms.get(letter, [])[:group.count(letter)]
        lines.append(f"{hosts[index].name} {' '.join(terms)}")
    return "\n".join(lines) + "\n"
