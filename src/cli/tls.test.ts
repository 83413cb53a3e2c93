/** TLS on the command line: files that are wrong, certificates that change, and the client. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority, type IssuedIdentity } from "../../test/support/certificates.ts";
import { runGlasscache } from "../../test/support/command-line.ts";
import { startGlasscache } from "../../test/support/origins.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { until } from "../../test/support/until.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const cli = requireProgram("redis-cli");

let authority: Authority;
let server: IssuedIdentity;
let client: IssuedIdentity;

beforeAll(() => {
  authority = new Authority();
  server = authority.issue("server");
  client = authority.issue("client");
});

afterAll(() => authority[Symbol.dispose]());

const own = ({ certificatePath, keyPath } = server): string[] => [
  ...["--tls-cert", certificatePath],
  ...["--tls-key", keyPath],
];

describe("files that cannot be used are one line that names the flag", () => {
  const mistakes: Readonly<Record<string, () => readonly [args: string[], message: string]>> = {
    missing: () => [
      ["--tls-cert", "/no/such/file", "--tls-key", server.keyPath],
      '--tls-cert: cannot read "/no/such/file": there is no such file',
    ],
    "no key": () => [["--tls-cert", server.certificatePath], "--tls-cert: needs the certificate's key, too"],
    "no certificate": () => [["--tls-key", server.keyPath], "--tls-key: means nothing without --tls-cert"],
    "a key in place of a certificate": () => [
      ["--tls-cert", server.keyPath, "--tls-key", server.keyPath],
      "holds no certificate in PEM",
    ],
    "a certificate in place of a key": () => [
      ["--tls-cert", server.certificatePath, "--tls-key", server.certificatePath],
      "holds no usable private key in PEM: there is none in it",
    ],
    "the key of another certificate": () => [
      ["--tls-cert", server.certificatePath, "--tls-key", client.keyPath],
      "does not belong to the certificate in",
    ],
    expired: () => [own(authority.issue("server", { days: -1 })), "expired on 20"],
    "clients without an authority": () => [
      [...own(), "--tls-clients", "require"],
      '--tls-clients: "require" needs to know who vouches for clients: --tls-ca',
    ],
    "an origin without TLS": () => [
      ["--origin-insecure"],
      "means nothing without TLS: give the origin as rediss://",
    ],
    "half an identity for the origin": () => [
      ["--origin", "rediss://localhost", "--origin-cert", client.certificatePath],
      "--origin-cert: needs --origin-key, too",
    ],
    "any certificate, and one": () => [
      ["--origin", "rediss://localhost", "--origin-insecure", "--origin-ca", authority.path],
      "--origin-insecure and --origin-ca: give one of the two",
    ],
  };

  test.each(Object.keys(mistakes))("%s", async (name) => {
    const [args, message] = mistakes[name]!();
    const { code, stderr } = await runGlasscache(["proxy", "--port", "0", ...args]);
    expect(stderr).toStartWith("glasscache proxy: ");
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
    expect(code).toBe(2);
  });

  test("a damaged certificate", async () => {
    using directory = new TemporaryDirectory();
    const damaged = join(directory.path, "damaged.crt");
    writeFileSync(damaged, server.certificate.replace(/[A-Za-z0-9+/]{40}/, "AAAA"));
    const { stderr } = await runGlasscache(["server", ...own({ ...server, certificatePath: damaged })]);
    expect(stderr).toContain(`--tls-cert: certificate 1 in "${damaged}" is damaged`);
  });
});

describe("SIGHUP", () => {
  test.each([1, 2])(
    "has new clients see a new certificate; a wrong file changes nothing (%p threads)",
    async (threads) => {
      using directory = new TemporaryDirectory();
      const paths = {
        certificatePath: join(directory.path, "server.crt"),
        keyPath: join(directory.path, "server.key"),
      };
      const install = ({ certificatePath, keyPath }: IssuedIdentity): void => {
        copyFileSync(certificatePath, paths.certificatePath);
        copyFileSync(keyPath, paths.keyPath);
      };
      install(authority.issue("server", { days: 10 }));
      await using origin = await startGlasscache(["server", "--engine", "memory"]);
      const args = [
        ...["proxy", "--origin", `localhost:${origin.port}`, "--threads", String(threads)],
        ...own({ ...server, ...paths }),
      ];
      await using proxy = await startGlasscache(args);
      const { program, port } = proxy;
      const days = async (): Promise<string | undefined> => {
        const target = ["--host", "localhost", "--port", String(port), "--tls", "--ca", authority.path];
        const { stdout } = await runGlasscache(["client", ...target, "INFO", "proxy"]);
        return /proxy_tls_certificate_expires_in_days:(-?\d+)/.exec(stdout)?.[1];
      };
      const said = (text: string) => until(() => Promise.resolve(program.output.includes(text)), text);
      await said("expires in 9 days; replace the file and send SIGHUP");
      expect(await days()).toBe("9");
      install(authority.issue("server", { days: 50 }));
      program.signal("SIGHUP");
      await said("certificates were read again: the certificate is valid until 20");
      await until(async () => (await days()) === "49", "all threads show the new certificate");
      copyFileSync(client.keyPath, paths.keyPath);
      program.signal("SIGHUP");
      await said("nothing was changed: --tls-key: the key in");
      expect(await days()).toBe("49");
    },
  );
});

describe("SIGHUP and the origin", () => {
  test("new connections to the origin use new files", async () => {
    using directory = new TemporaryDirectory();
    const ca = join(directory.path, "ca.crt");
    using stranger = new Authority("Somebody else");
    copyFileSync(stranger.path, ca);
    await using origin = await startGlasscache(["server", "--engine", "memory", ...own()]);
    const args = ["--threads", "2", "--origin", `rediss://localhost:${origin.port}`, "--origin-ca", ca];
    await using proxy = await startGlasscache(["proxy", ...args]);
    const { program } = proxy;
    const said = (text: string) => until(() => Promise.resolve(program.output.includes(text)), text);
    await said("no authority in --origin-ca vouches for its certificate");
    writeFileSync(ca, "nonsense");
    program.signal("SIGHUP");
    await said("nothing was changed: --origin-ca:");
    copyFileSync(authority.path, ca);
    program.signal("SIGHUP");
    await said("connected to origin");
  });
});

describe("clients", () => {
  test("glasscache client shows its certificate", async () => {
    await using running = await startGlasscache([
      "server",
      "--engine",
      "memory",
      ...own(),
      "--tls-ca",
      authority.path,
    ]);
    const to = (...args: string[]) =>
      runGlasscache(["client", "--url", `glasscaches://localhost:${running.port}`, ...args]);
    const identity = ["--ca", authority.path, "--cert", client.certificatePath, "--key", client.keyPath];
    expect((await to(...identity, "PUT", "a=1")).stdout).toBe("OK\n");
    expect((await to(...identity, "GET", "a")).stdout).toBe("1\n");
    expect((await to("--ca", authority.path, "GET", "a")).stderr).toContain("requires a client certificate");
    expect((await to("GET", "a")).stderr).toContain(
      "nobody known vouches for its certificate; --ca names who does",
    );
    const plain = [
      "client",
      "--host",
      "localhost",
      "--port",
      String(running.port),
      "--ca",
      authority.path,
      "PING",
    ];
    expect((await runGlasscache(plain)).stderr).toContain("--ca: means nothing without TLS: add --tls");
  });

  test.skipIf(!cli.available)(cli.title("redis-cli, on a port beside the plain one"), async () => {
    const args = ["server", "--engine", "memory", ...own(), "--tls-port", "0"];
    await using running = await startGlasscache(args);
    const tlsPort = /"tlsPort":(\d+)/.exec(running.program.output)![1]!;
    const run = (port: string, ...more: string[]): string =>
      Bun.spawnSync([cli.path, "-p", port, ...more]).stdout.toString();
    const secure = ["--tls", "--cacert", authority.path];
    expect(run(String(running.port), "SET", "a", "1")).toBe("OK\n");
    expect(run(tlsPort, ...secure, "GET", "a")).toBe("1\n");
    expect(run(tlsPort, ...secure, "INFO", "server")).toContain(`tls_port:${tlsPort}`);
  });
});

describe("the admin port", () => {
  test("speaks TLS beside the service, follows its certificate, and top reads it", async () => {
    using directory = new TemporaryDirectory();
    const paths = {
      certificatePath: join(directory.path, "server.crt"),
      keyPath: join(directory.path, "server.key"),
    };
    copyFileSync(server.certificatePath, paths.certificatePath);
    copyFileSync(server.keyPath, paths.keyPath);
    const args = ["server", "--engine", "memory", "--admin", "localhost:0", ...own({ ...server, ...paths })];
    // Clients must show a certificate, browsers need not.
    await using running = await startGlasscache([...args, "--tls-ca", authority.path]);
    const { program } = running;
    await until(
      () => Promise.resolve(program.output.includes("with TLS: metrics")),
      "the admin port is open",
    );
    const port = /"admin":\{"host":"localhost","port":(\d+)/.exec(program.output)![1]!;
    const metrics = async (ca: string): Promise<string> =>
      (await fetch(`https://localhost:${port}/metrics`, { tls: { ca } })).text();
    expect(await metrics(authority.certificate)).toContain(
      `glasscache_tls_certificate_expiry_timestamp_seconds ${server.expiresAtMs / 1000}`,
    );
    const address = `https://localhost:${port}`;
    const top = (...more: string[]) => runGlasscache(["top", address, "--once", ...more]);
    expect((await top("--ca", authority.path)).stdout).toContain("server");
    expect((await top()).stderr).toContain("is not trusted");
    using successor = new Authority("Its successor");
    const renewed = successor.issue("server");
    copyFileSync(renewed.certificatePath, paths.certificatePath);
    copyFileSync(renewed.keyPath, paths.keyPath);
    program.signal("SIGHUP");
    await until(
      () =>
        metrics(successor.certificate).then(
          (text) => text.includes("glasscache_"),
          () => false,
        ),
      "the admin port shows the new certificate",
    );
  });

  test("stays plain where that is wanted", async () => {
    const args = ["server", "--engine", "memory", "--admin", "localhost:0", "--admin-tls", "no", ...own()];
    await using running = await startGlasscache(args);
    const { program } = running;
    await until(() => Promise.resolve(program.output.includes(": metrics")), "the admin port is open");
    const port = /"admin":\{"host":"localhost","port":(\d+)/.exec(program.output)![1]!;
    expect((await fetch(`http://localhost:${port}/health`)).status).toBe(200);
  });
});
