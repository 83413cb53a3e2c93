import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsIdentity } from "../../src/lib/tls.ts";
import { TemporaryDirectory } from "./program.ts";

/** A certificate and its key, as files and as text. */
export interface IssuedIdentity extends TlsIdentity {
  readonly certificatePath: string;
  readonly keyPath: string;
}

export interface IssueOptions {
  /** Days from now until it expires; −1: it has expired. */
  readonly days?: number;
  /** Names and addresses that it is for. */
  readonly names?: string;
}

/** An authority that issues certificates for tests, by OpenSSL. */
export class Authority implements Disposable {
  readonly certificate: string;
  readonly path: string;
  readonly #directory = new TemporaryDirectory();
  #issued = 0;

  constructor(name = "Glasscache test authority") {
    const { path } = this.#directory;
    this.path = join(path, "ca.crt");
    run(`req -x509 ${NEW_KEY} -days 2 -subj`, [`/CN=${name}`, "-keyout", this.#keyPath, "-out", this.path]);
    this.certificate = readFileSync(this.path, "utf8");
  }

  issue(
    commonName: string,
    { days = 90, names = "DNS:localhost,IP:127.0.0.1,IP:::1" }: IssueOptions = {},
  ): IssuedIdentity {
    const base = join(this.#directory.path, `${++this.#issued}`);
    const [request, extensions, certificatePath, keyPath] = ["csr", "ext", "crt", "key"].map(
      (ending) => `${base}.${ending}`,
    ) as [string, string, string, string];
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    run(`req ${NEW_KEY} -subj`, [`/CN=${commonName}`, "-keyout", keyPath, "-out", request]);
    run("x509 -req -CAcreateserial -days", [
      ...[String(days), "-in", request, "-CA", this.path, "-CAkey", this.#keyPath],
      ...["-extfile", extensions, "-out", certificatePath],
    ]);
    const certificate = readFileSync(certificatePath, "utf8");
    return {
      ...{ certificate, certificatePath, keyPath, key: readFileSync(keyPath, "utf8") },
      expiresAtMs: Date.parse(new X509Certificate(certificate).validTo),
    };
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }

  get #keyPath(): string {
    return join(this.#directory.path, "ca.key");
  }
}

const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

function run(words: string, more: readonly string[]): void {
  execFileSync("openssl", [...words.split(" "), ...more], { stdio: "pipe" });
}
