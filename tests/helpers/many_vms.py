"""A pool as large as the window claims to show: 8 hosts, 32 VMs of 1 GiB, four moves at once."""

from engine.scenario import Scenario, scenario_from_document

HOSTS, VMS_A_HOST, MOVES = 8, 4, 4


def many_vms(*, memory: str = "1 GiB", until: str = "2 s after last migration") -> Scenario:
    """Return the scenario; every VM writes, and four of them move at the same time."""
    hosts = [f"host-{i}" for i in range(HOSTS)]
    vms = [
        {
            "name": f"vm-{i // VMS_A_HOST}-{i % VMS_A_HOST}",
            "host": hosts[i // VMS_A_HOST],
            "memory": memory,
            "storage": "nfs-1",
            "writers": [
                {"pattern": "hot-cold", "region": "128 MiB", "rate": f"{1000 + 100 * i} pages/s"}
            ],
            "probes": [{"kind": "ping", "interval": "1 s", "phase": f"{i * 20} ms"}],
        }
        for i in range(HOSTS * VMS_A_HOST)
    ]
    moves = [
        {"vm": f"vm-{i}-0", "to": hosts[HOSTS - 1 - i], "at": "1 s", "policy": "xen-legacy"}
        for i in range(MOVES)
    ]
    document = {
        "format": 1,
        "title": "A large pool: four moves at once",
        "run": {"seed": 3, "until": until},
        "hosts": [{"name": name, "memory": "64 GiB", "nic": "1 Gbit/s"} for name in hosts],
        "storage": [{"name": "nfs-1", "kind": "nfs", "hosts": hosts}],
        "network": {"bandwidth": "1 Gbit/s", "relearn_delay": "30 ms"},
        "vms": vms,
        "migrations": moves,
    }
    return scenario_from_document(document, "many-vms")


def large_vm(memory: str = "64 GiB") -> Scenario:
    """Return the scenario of one large VM on a fast link."""
    document = {
        "format": 1,
        "title": "One large VM",
        "run": {"seed": 7, "until": "1 s after last migration"},
        "hosts": [{"name": n, "memory": "256 GiB", "nic": "10 Gbit/s"} for n in ("a", "b")],
        "storage": [{"name": "s", "kind": "nfs", "hosts": ["a", "b"]}],
        "network": {"bandwidth": "10 Gbit/s"},
        "vms": [
            {
                "name": "vm", "host": "a", "memory": memory, "storage": "s",
                "writers": [{"pattern": "hot-cold", "rate": "50000 pages/s"}],
                "probes": [{"kind": "ping", "interval": "1 s"}],
            }
        ],
        "migrations": [{"vm": "vm", "to": "b", "at": "1 s", "policy": "xen-legacy"}],
    }
    return scenario_from_document(document, "large-vm")
