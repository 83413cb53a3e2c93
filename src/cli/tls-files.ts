import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsIdentity } from "../lib/tls.ts";
import { reason } from "./config.ts";
import { UsageError } from "./exit.ts";

/** A file of certificates or of a key, and the name of its setting for messages. */
export interface TlsFile {
  readonly path: string;
  readonly label: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads a certificate, with the certificates between it and its authority, and its key.
 * @throws UsageError that names the file: it cannot be read, is no such thing, has expired, or is for another key
 */
export function readIdentity(certificate: TlsFile, key: TlsFile, nowMs: number): TlsIdentity {
  const text = read(certificate);
  const [own] = certificatesOf(text, certificate);
  const expiresAtMs = Date.parse(own!.validTo);
  if (expiresAtMs <= nowMs) {
    throw new UsageError(
      `${certificate.label}: the certificate in "${certificate.path}" expired on ${day(expiresAtMs)}`,
    );
  }
  const keyText = read(key);
  let isOfCertificate: boolean;
  try {
    isOfCertificate = own!.checkPrivateKey(createPrivateKey(keyText));
  } catch (error) {
    throw new UsageError(
      `${key.label}: "${key.path}" holds no usable private key in PEM: ${keyHint(keyText, error)}`,
    );
  }
  if (!isOfCertificate) {
    throw new UsageError(
      `${key.label}: the key in "${key.path}" does not belong to the certificate in "${certificate.path}"`,
    );
  }
  return { certificate: text, key: keyText, expiresAtMs };
}

/**
 * As `readIdentity`, of settings that may both be absent.
 * @throws UsageError also if one of the two is missing
 */
export function optionalIdentity(
  certificate: { readonly path: string | undefined; readonly label: string },
  key: { readonly path: string | undefined; readonly label: string },
  nowMs: number,
): TlsIdentity | undefined {
  if (certificate.path === undefined && key.path === undefined) return undefined;
  if (certificate.path === undefined) throw new UsageError(`${key.label}: needs ${certificate.label}, too`);
  if (key.path === undefined) throw new UsageError(`${certificate.label}: needs ${key.label}, too`);
  return readIdentity({ ...certificate, path: certificate.path }, { ...key, path: key.path }, nowMs);
}

/** Reads the certificates of authorities. @throws UsageError */
export function readAuthorities(file: TlsFile): string {
  const text = read(file);
  certificatesOf(text, file);
  return text;
}

function certificatesOf(text: string, { path, label }: TlsFile): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new UsageError(`${label}: "${path}" holds no certificate in PEM`);
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new UsageError(`${label}: certificate ${at + 1} in "${path}" is damaged: ${reason(error)}`);
    }
  });
}

function keyHint(text: string, error: unknown): string {
  if (text.includes("ENCRYPTED")) return "keys with a pass phrase are not supported";
  return text.includes("PRIVATE KEY-----") ? reason(error) : "there is none in it";
}

function read({ path, label }: TlsFile): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${label}: cannot read "${path}": ${reason(error)}`);
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
