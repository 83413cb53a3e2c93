/** What systemd is told, received as systemd receives it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Authority } from "../../test/support/certificates.ts";
import { startGlasscache } from "../../test/support/origins.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { until } from "../../test/support/until.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const notify = requireProgram("systemd-notify");
const analyze = requireProgram("systemd-analyze");
const UNIT = join(import.meta.dir, "../../examples/systemd/glasscache-proxy.service");

/** Prints each datagram in one line. */
const LISTENER = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print("bound", flush=True)
while True: print(listener.recv(4096).decode().strip().replace("\\n", " "), flush=True)
`;

class Manager implements Disposable {
  readonly told: string[] = [];
  readonly #directory = new TemporaryDirectory();
  readonly socket = join(this.#directory.path, "notify");
  readonly #child = Bun.spawn(["python3", "-c", LISTENER, this.socket], {
    stdout: "pipe",
    stderr: "inherit",
  });

  constructor() {
    void this.#listen();
  }

  async #listen(): Promise<void> {
    let text = "";
    for await (const chunk of this.#child.stdout) {
      text += new TextDecoder().decode(chunk);
      this.told.splice(0, this.told.length, ...text.split("\n").filter((line) => line !== ""));
    }
  }

  /** Waits for a message behind those that were there. */
  async tells(pattern: RegExp, from = 0): Promise<number> {
    const at = () => this.told.findIndex((line, index) => index >= from && pattern.test(line));
    await until(() => Promise.resolve(at() >= 0), `${pattern} behind ${from} of ${this.told.join(" | ")}`);
    return at();
  }

  [Symbol.dispose](): void {
    this.#child.kill();
    this.#directory[Symbol.dispose]();
  }
}

test.skipIf(!notify.available)(notify.title("systemd hears of each state, in order"), async () => {
  using manager = new Manager();
  using authority = new Authority();
  const { certificatePath, keyPath } = authority.issue("server");
  await manager.tells(/^bound$/);
  const args = ["server", "--engine", "memory", "--tls-cert", certificatePath, "--tls-key", keyPath];
  await using server = await startGlasscache(args, {
    env: { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: "100000" },
  });
  const { program } = server;
  const ready = await manager.tells(/READY=1/);
  expect(manager.told[ready]).toContain(`MAINPID=${program.pid}`);
  const once = await manager.tells(/WATCHDOG=1/, ready);
  await manager.tells(/WATCHDOG=1/, once + 1);
  program.signal("SIGHUP");
  const reloading = await manager.tells(/RELOADING=1.*MONOTONIC_USEC=\d+/, ready + 1);
  await manager.tells(/READY=1/, reloading + 1);
  const ended = program.end();
  await manager.tells(/STOPPING=1/, reloading + 1);
  expect(await ended).toBe(0);
});

test.skipIf(!notify.available)(notify.title("a socket that is gone is one warning"), async () => {
  const env = { NOTIFY_SOCKET: "/no/such/socket", WATCHDOG_USEC: "50000" };
  await using server = await startGlasscache(["server", "--engine", "memory"], { env });
  const { program } = server;
  await until(() => Promise.resolve(program.output.includes("systemd cannot be told")), "the warning");
  expect(await program.end()).toBe(0);
  expect(program.output.split("systemd cannot be told").length).toBe(2);
});

test.skipIf(!analyze.available)(analyze.title("the example's unit is right"), () => {
  const { stderr } = Bun.spawnSync([analyze.path, "verify", UNIT]);
  // The programs that it starts are not installed here.
  const wrong = stderr
    .toString()
    .split("\n")
    .filter((line) => line.includes(UNIT) && !/not executable/.test(line));
  expect(wrong).toEqual([]);
});
