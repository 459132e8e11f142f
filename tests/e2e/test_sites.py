# SPDX-License-Identifier: Apache-2.0
"""Where probes go: the chooser's sites against objdump's view of them, and on the real kernel."""
import concurrent.futures
import ctypes
import os
import pathlib
import re
import struct
import subprocess

from harness import BUILD, HELPERS, check, check_equal, test

SHAPES = BUILD / "tests/shapes"
UPROBE = pathlib.Path("/sys/bus/event_source/devices/uprobe/type")
EMULATED = re.compile(r"(bnd )?(push|nop[lw]?|call|j[a-z]+|xchg +%ax,%ax)\b")
ARGUMENT = re.compile(r"%([re]?(di|si|dx|cx)|dil|sil|dl|dh|cl|ch|r8[dwb]?)$")
BRANCH = re.compile(r"(?:bnd )?(j[a-z]+|call|loop[a-z]*)\s+([0-9a-f]+)\b")
PERF_EVENT_OPEN = 298


def choose(program, *needs):
    """needs: "slow", "any"; name -> (address, offset, slow, returns), or (address, why)."""
    done = subprocess.run([HELPERS / "sites", program, "shape_*", *needs],
                          capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        name, address, rest = line.split(" ", 2)
        site = re.fullmatch(r"([0-9a-f]+) (fast|slow) (yes|no)", rest)
        found[name] = (int(address, 16), int(site[1], 16), site[2] == "slow", site[3] == "yes") \
            if site else (int(address, 16), rest)
    return found


def disassemble(program, addresses):
    """name -> [(address, text)]"""
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn",
                           "--start-address=%d" % min(addresses),
                           "--stop-address=%d" % (max(addresses) + 4096), program],
                          capture_output=True, text=True, check=True)
    functions, here = {}, None
    for line in done.stdout.splitlines():
        head = re.fullmatch(r"[0-9a-f]+ <(\w+)>:", line)
        if head:
            here = functions[head[1]] = []
        row = re.fullmatch(r"\s+([0-9a-f]+):\s+(.*?)\s*(#.*)?", line)
        if row:
            here.append((int(row[1], 16), row[2]))
    return functions


def check_by_objdump(what, site, code, arguments):
    """The rule, told once more in other words."""
    start, offset, slow, returns = site
    # text is mapped where its file says, or a whole number of pages away
    at = [i for i, (address, _) in enumerate(code) if (address - offset) % 4096 == 0]
    check(len(at) == 1, "%s: no one instruction is at its site" % what)
    before, (address, text) = code[:at[0]], code[at[0]]
    check(slow or EMULATED.match(text), "%s: %s would be stepped" % (what, text))
    for _, other in before:
        check(not re.match(r"(bnd )?(j|call|ret|loop)", other), "%s: behind %s" % (what, other))
        check(not arguments or not ARGUMENT.search(other) or re.match(r"cmp|test|push|nop", other),
              "%s: an argument is lost to %s" % (what, other))
        check(not returns or not re.match(r"push|(sub|and|add|lea|mov) .*%[er]sp$", other),
              "%s: the return address is not at rsp behind %s" % (what, other))
    for _, other in code:
        branch = BRANCH.match(other)
        target = int(branch[2], 16) if branch else -1
        check(not start <= target <= address or (branch[1] == "call" and target == start),
              "%s: %s comes back" % (what, other))


def programs():
    found = sorted(SHAPES.iterdir())
    check(len(found) >= 36, "only %d programs are built" % len(found))
    return found


@test("shapes", "objdump")
def sites_by_objdump(run):
    """Every function of every build: no site is against the rules, and most have one."""
    fast = slow = 0
    for program in programs():
        found = {needs: choose(program, *needs) for needs in ((), ("slow",), ("any",))}
        code = disassemble(program, [site[0] for site in found[()].values()])
        for needs, sites in found.items():
            for name, site in sites.items():
                if len(site) == 4:
                    check_by_objdump("%s %s" % (program.name, name), site, code[name],
                                     "any" not in needs)
                    slow += site[2]
                    fast += not site[2] and site[3] and not needs
                    check("slow" in needs or not site[2], "%s is slow unasked" % name)
                check(name != "shape_loop_at_entry" or len(site) == 2, "a loop is probed")
    check(fast > 250 and slow > 100, "only %d fast and %d slow sites" % (fast, slow))


class Counter:
    """How often a process comes by a place in its file, counted by the kernel."""
    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, pid, program, offset, returns):
        path = ctypes.create_string_buffer(os.fsencode(program))
        attr = struct.pack("IIQQQQQIIQQ", int(UPROBE.read_text()), 72, int(returns), 0, 0, 0, 0, 0,
                           0, ctypes.addressof(path), offset)
        self.fd = self.libc.syscall(PERF_EVENT_OPEN, attr, pid, -1, -1, 8)
        check(self.fd >= 0, "perf_event_open: %s" % os.strerror(ctypes.get_errno()))

    def value(self):
        return struct.unpack("Q", os.read(self.fd, 8))[0]


def run_shapes(program, prepare):
    """Its lines, and what prepare(pid) returned."""
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        check_equal(process.stdout.readline(), "ready\n", "its first line")
        prepared = prepare(process.pid)
        out, _ = process.communicate("\n")
    check_equal(process.returncode, 0, "%s: its status" % program.name)
    return out, prepared


def check_hits(program, *needs):
    """Returns how many functions were probed."""
    sites = {name: site for name, site in choose(program, *needs).items() if len(site) == 4}

    def probe(pid):
        return {(name, returns): Counter(pid, program, site[1], returns)
                for name, site in sites.items() for returns in (False, True)
                if site[3] or not returns}

    plain, _ = run_shapes(program, lambda pid: None)
    out, counters = run_shapes(program, probe)
    calls = {line.split()[0]: int(line.split()[1]) for line in out.splitlines()}
    hits = {key: counter.value() for key, counter in counters.items() if key[0] in calls}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(os.close, [counter.fd for counter in counters.values()]))
    check_equal(out, plain, "%s: its output" % program.name)
    check_equal(hits, {key: calls[key[0]] for key in hits}, "%s: hits" % program.name)
    return len({name for name, _ in hits})


def kernel_test(name, needs, builds):
    @test("uprobe", "shapes", name=name)
    def hits(run):
        """Each call hits its site once and returns once, and the program does not notice."""
        probed = [check_hits(SHAPES / build, *needs) for build in builds]
        check(min(probed) >= 5, "only %r functions were probed" % probed)


kernel_test("sites_hit_once", ["any"],
            ["gcc-O0-full-pie", "gcc-O2-none-pie", "gcc-O2-full-pie", "gcc-O3-full-static",
             "clang-O2-none-nopie"])
kernel_test("sites_hit_once_slow", ["slow"], ["gcc-O2-none-pie", "clang-O1-none-static"])
