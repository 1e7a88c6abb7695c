#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""SIGKILL at random points: launcher, broker, names, opener, talker, and the program of the person, during logins, enrolments, endorsements and
revocations.   kill.py BUILD [KILLS] [SEED]

After each kill the store is read as mere data (house.py) and must hold what was acknowledged, and of what was not either all or nothing; the mark must
not lead; nothing of the old house may go on; and after a restart the next login works. At the end the register is verified by the desk.
Then the broker is restarted in an orderly way while logins run."""
import random
import statistics
import subprocess
import sys
import threading
import time

from house import House, kill

ACTIVE, PENDING, REVOKED = 2, 1, 4
VICTIMS = ("launcher", "broker", "names", "opener", "talker", "person")
RESTARTS = 10


class Broken(Exception):
    """Something that must hold does not."""


def need(good, text):
    if not good:
        raise Broken(text)


class Run:
    def __init__(self, build, kills, seed):
        self.house = House(build)
        self.kills = kills
        self.random = random.Random(seed)
        self.before = None
        self.number = 0
        self.late = []  # operations whose person is gone, and which the broker may still commit
        self.seconds = {}
        self.counts = {}

    # ---- the operations: (name, agent or None, process) ----

    def login(self):
        self.house.plugged(self.house.key)
        return "login", None, self.house.begin_login()

    def enrol(self):
        self.number += 1
        agent = f"agent-{self.number}"
        self.house.plugged(self.house.fresh)
        return "enrol", agent, self.house.begin_desk("enroll", agent, "--leave-pending")

    def endorse(self, agent):
        self.house.plugged(self.house.operator)
        return "endorse", agent, self.house.begin_desk("endorse", "--all")

    def revoke(self, agent):
        self.house.plugged(self.house.operator)
        return "revoke", agent, self.house.begin_desk("revoke", agent)

    def any_operation(self):
        others = {name: state for name, state in self.before.agents.items() if name != self.house.agent}
        choices = [self.login, self.login, self.enrol]
        pending = sorted(name for name, state in others.items() if state == PENDING)
        active = sorted(name for name, state in others.items() if state == ACTIVE)
        if pending:
            choices += [lambda: self.endorse(pending[0])] * 2
        if active:
            choices += [lambda: self.revoke(self.random.choice(active))] * 2
        return self.random.choice(choices)()

    # ---- what must hold ----

    def check(self, operation, agent, acknowledged):
        # The mark first: what it counts must then be in the store.
        number, value = self.house.mark()
        before, now = self.before, self.house.store()
        need(now.sound, "the store is damaged")
        need(sorted(now.register) == list(range(1, len(now.register) + 1)), "register numbers have gaps")
        need(all(now.register.get(number) == value for number, value in before.register.items()), "a register entry is gone or changed")
        need(number <= len(now.register), f"the mark ({number}) leads the register ({len(now.register)})")
        need(number == 0 or now.register[number] == value, "the mark names another entry")
        for entry, state, activation in now.statements:
            need(entry in now.register and entry in now.attested, "a statement without its register entry or its attestation")
            need(state != ACTIVE or (activation in now.register and entry in now.endorsed), "active without entry or endorsement")
        need(now.uses == now.logged, f"{now.uses} logins counted, {now.logged} recorded")
        running = [operation, *self.late]
        need(before.uses <= now.uses <= before.uses + running.count("login"), f"logins appeared or vanished during {running}: {before.uses}, now {now.uses}")
        wanted = {"enrol": PENDING, "endorse": ACTIVE, "revoke": REVOKED}
        for name, state in now.agents.items():
            if state != before.agents.get(name):
                need(state in [wanted.get(one) for one in running], f"{name} went to state {state} during {running}")
        need(all(name in now.agents for name in before.agents), "an agent is gone")
        if acknowledged and operation == "login":
            need(now.uses >= before.uses + 1, "an acknowledged login is not recorded")
            need(now.counter == int(self.house.key.fields("status")["counter"]), "an acknowledged login's counter is not stored")
        elif acknowledged:
            need(now.agents.get(agent) == wanted[operation], f"acknowledged {operation} of {agent} is not there")
        self.before = now

    # ---- the rounds ----

    def finish(self, operation, agent, process, must=False):
        """Waits for its end, checks, returns whether it was acknowledged."""
        said, _ = process.communicate(timeout=30)
        acknowledged = process.returncode == 0
        need(acknowledged or not must, f"{operation}: status {process.returncode}: {said}")
        self.check(operation, agent, acknowledged)
        return acknowledged

    def set_up(self):
        house = self.house
        house.start()
        house.plugged(house.operator)
        house.desk("init", "--one-key", "--name", "operator")
        house.plugged(house.key)
        house.desk("enroll", house.agent, "--leave-pending")
        house.plugged(house.operator)
        house.desk("endorse", "--all")
        self.before = house.store()
        for _ in range(3):
            self.measure(self.login)
            self.measure(self.enrol)
            agent = f"agent-{self.number}"
            self.measure(lambda: self.endorse(agent))
            self.measure(lambda: self.revoke(agent))

    def measure(self, begin):
        """How long it takes undisturbed: the kills are spread over that."""
        began = time.monotonic()
        operation, agent, process = begin()
        process.wait(30)
        self.seconds.setdefault(operation, []).append(time.monotonic() - began)
        self.finish(operation, agent, process, must=True)

    def one(self):
        house = self.house
        victim = self.random.choice(VICTIMS)
        operation, agent, process = self.any_operation()
        time.sleep(self.random.uniform(0, 1.05 * statistics.median(self.seconds[operation])))
        processes = house.processes()
        everybody = [pid for pids in processes.values() for pid in pids]
        if not processes.get(victim) and victim != "person":
            victim = "opener"
        targets = [process.pid] if victim == "person" else processes[victim]
        need(targets, f"there is no {victim}")
        kill(self.random.choice(targets))
        # A talker is one key's and one ceremony's; without the person the house goes on.
        if victim not in ("person", "talker"):
            try:
                house.launcher.wait(10)
            except subprocess.TimeoutExpired:
                raise Broken(f"the launcher goes on without {victim}") from None
            need(house.wait_gone(everybody), "a part of the old house goes on")
        acknowledged = self.finish(operation, agent, process)
        self.late = [operation] if victim == "person" and not acknowledged else []
        key = (victim, operation)
        done = self.counts.setdefault(key, [0, 0])
        done[0] += 1
        done[1] += acknowledged
        if house.launcher.poll() is not None:
            house.start()
        operation, agent, process = self.login()
        self.finish(operation, agent, process, must=True)
        self.late = []

    def restarts(self):
        """Orderly restarts while logins run: each ends by itself in time, with yes or a refusal in words, and the next one works."""
        house = self.house
        ends = {"yes": 0, "no": 0}
        stop = threading.Event()
        faults = []

        def people():
            while not stop.is_set():
                process = house.begin_login()
                said, _ = process.communicate(timeout=30)
                if process.returncode not in (0, 1) or (process.returncode == 1 and len(said.strip()) == 0):
                    faults.append(f"status {process.returncode}: {said}")
                ends["no" if process.returncode else "yes"] += 1

        house.plugged(house.key)
        thread = threading.Thread(target=people)
        thread.start()
        try:
            for _ in range(RESTARTS):
                time.sleep(self.random.uniform(0.05, 0.4))
                test = house.begin([f"{house.build}/bin/latchkeyd", "--config", house.path("latchkey.conf"), "--self-test"])
                said, _ = test.communicate(timeout=20)
                need(test.returncode == 0, f"self-test before the restart: {said}")
                need(house.stop() == 0, "asked to leave, it did not end well")
                house.start()
        finally:
            stop.set()
            thread.join(60)
        need(not faults, "a login ended badly: " + "; ".join(faults))
        now = house.store()
        need(now.uses == now.logged and now.uses >= self.before.uses + ends["yes"], "an acknowledged login is not recorded")
        self.before = now
        operation, agent, process = self.login()
        self.finish(operation, agent, process, must=True)
        print(f"{RESTARTS} restarts while logins ran: {ends['yes']} logins accepted, {ends['no']} refused in words, none hung")

    def report(self):
        for (victim, operation), (killed, acknowledged) in sorted(self.counts.items()):
            print(f"  {victim:9} during {operation:8} {killed:4} kills, {acknowledged:4} had been acknowledged or went on")


def main():
    build = sys.argv[1]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    run = Run(build, kills, seed)
    done = 0
    try:
        run.set_up()
        while done < kills:
            run.one()
            done += 1
        run.restarts()
        print(run.house.desk("register", "verify").strip())
    except Broken as error:
        print(f"FAILED after {done} kills: {error}")
        return 1
    finally:
        run.report()
        run.house.remove()
        print(f"{done} kills in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
