import type { Logger } from "pino";
import { systemClock } from "../lib/clock.ts";
import type { ClientTls, ServerTls } from "../lib/tls.ts";
import type { ListenerTls } from "../net/listener.ts";
import { CertificateCare } from "./certificate-care.ts";
import type { Config } from "./config.ts";
import { UsageError } from "./exit.ts";
import type { HangUp, Running } from "./serve.ts";
import { choice, optionalSetting, port, switchSetting, text } from "./setting.ts";
import { optionalIdentity, readAuthorities, readIdentity } from "./tls-files.ts";

const TLS = "TLS:";

/** How the ports of server and proxy speak TLS. */
export function tlsSettings() {
  return {
    tlsCert: optionalSetting(text(), {
      placeholder: "<file>",
      description:
        "certificate in PEM, with those between it and its authority; the port, and the admin port, speak TLS then",
      group: TLS,
    }),
    tlsKey: optionalSetting(text(), {
      placeholder: "<file>",
      description: "private key of the certificate, in PEM",
      group: TLS,
    }),
    tlsCa: optionalSetting(text(), {
      placeholder: "<file>",
      description: "certificates, in PEM, of the authorities that vouch for clients",
      group: TLS,
    }),
    tlsClients: optionalSetting(choice("require", "optional", "off"), {
      placeholder: "<require|optional|off>",
      description:
        "whether clients must show a certificate; one that is shown must be valid (require with --tls-ca, else off)",
      group: TLS,
    }),
    tlsPort: optionalSetting(port(0), {
      placeholder: "<port>",
      description: "a port of its own for TLS, beside the plain one; 0 takes a free one",
      group: TLS,
    }),
  };
}

/** How the proxy speaks TLS with its origin. */
export function originTlsSettings(group: string) {
  return {
    originCa: optionalSetting(text(), {
      placeholder: "<file>",
      description:
        "with rediss://: certificates, in PEM, of the authorities that vouch for the origin; by default those that " +
        "the system trusts",
      group,
    }),
    originCert: optionalSetting(text(), {
      placeholder: "<file>",
      description: "with rediss://: certificate to show the origin, in PEM",
      group,
    }),
    originKey: optionalSetting(text(), {
      placeholder: "<file>",
      description: "with rediss://: private key of that certificate, in PEM",
      group,
    }),
    originServerName: optionalSetting(text(), {
      placeholder: "<name>",
      description: "with rediss://: the name that the origin's certificate must be for; by default its host",
      group,
    }),
    originInsecure: switchSetting({
      description:
        "with rediss://: take any certificate of the origin; anybody on the way can read and change everything then",
      group,
    }),
  };
}

export type OriginTlsSettings = ReturnType<typeof originTlsSettings>;

/**
 * Returns how to speak TLS with the origin, from the files that the settings name.
 * @param isSecure whether the origin's address wants it
 * @throws UsageError
 */
export function originTls(
  { values, labels, ranks }: Config<OriginTlsSettings>,
  isSecure: boolean,
  nowMs: number,
): ClientTls {
  const names = ["originCa", "originCert", "originKey", "originServerName", "originInsecure"] as const;
  const given = names.find((name) => ranks[name] > 0 && values[name] !== false);
  if (given !== undefined && !isSecure) {
    throw new UsageError(`${labels[given]}: means nothing without TLS: give the origin as rediss://`);
  }
  const { originCa, originCert, originKey, originServerName: serverName, originInsecure } = values;
  if (originInsecure && originCa !== undefined) {
    throw new UsageError(`${labels.originInsecure} and ${labels.originCa}: give one of the two`);
  }
  return {
    identity: optionalIdentity(
      { path: originCert, label: labels.originCert },
      { path: originKey, label: labels.originKey },
      nowMs,
    ),
    authorities:
      originCa === undefined ? undefined : readAuthorities({ path: originCa, label: labels.originCa }),
    serverName,
    isInsecure: originInsecure,
  };
}

export type TlsSettings = ReturnType<typeof tlsSettings>;

/**
 * Returns how the ports speak TLS, from the files that the settings name; undefined: they do not.
 * @throws UsageError
 */
export function listenerTls(config: Config<TlsSettings>, nowMs: number): ListenerTls | undefined {
  const settings = serverTls(config, nowMs);
  return settings && { settings, port: config.values.tlsPort };
}

interface FollowOptions {
  /** As the files were when the service started. */
  readonly settings: ServerTls;
  readonly replaceTls: (settings: ServerTls) => void;
  readonly log: Logger;
  readonly hangUp: HangUp;
}

/** Warns of a certificate that expires soon, and has SIGHUP read the files again. */
export function followCertificates(
  config: Config<TlsSettings>,
  { settings: present, replaceTls, log, hangUp }: FollowOptions,
): void {
  const nowMs = systemClock.wallMs;
  const care = new CertificateCare(log, config.labels.tlsCert, nowMs);
  care.uses(present);
  hangUp.reloads.push(() => {
    const settings = serverTls(config, nowMs())!;
    return () => {
      replaceTls(settings);
      return `certificates were read again: ${care.uses(settings)}; connections that are open go on with the old ones`;
    };
  });
}

/** Has SIGHUP read the files for the origin again. */
export function followOriginTls(
  config: Config<OriginTlsSettings>,
  proxy: { replaceOriginAccess(access: { readonly originTls: ClientTls }): void },
  hangUp: HangUp,
): void {
  hangUp.reloads.push(() => {
    const tls = originTls(config, true, systemClock.wallMs());
    return () => {
      proxy.replaceOriginAccess({ originTls: tls });
      return "the files of certificates for the origin were read again, for new connections to it";
    };
  });
}

/** A running service whose certificate can be replaced. */
export interface SecuredService extends Running {
  replaceTls(settings: ServerTls): void;
}

function serverTls({ values, labels }: Config<TlsSettings>, nowMs: number): ServerTls | undefined {
  const { tlsCert, tlsKey, tlsCa, tlsClients, tlsPort } = values;
  if (tlsCert === undefined) {
    const given = { tlsKey, tlsCa, tlsClients, tlsPort };
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) continue;
      throw new UsageError(`${labels[name as keyof typeof given]}: means nothing without ${labels.tlsCert}`);
    }
    return undefined;
  }
  if (tlsKey === undefined)
    throw new UsageError(`${labels.tlsCert}: needs the certificate's key, too: ${labels.tlsKey}`);
  const clients = tlsClients ?? (tlsCa === undefined ? "off" : "require");
  if (clients !== "off" && tlsCa === undefined) {
    throw new UsageError(
      `${labels.tlsClients}: "${clients}" needs to know who vouches for clients: ${labels.tlsCa}`,
    );
  }
  return {
    identity: readIdentity(
      { path: tlsCert, label: labels.tlsCert },
      { path: tlsKey, label: labels.tlsKey },
      nowMs,
    ),
    authorities: tlsCa === undefined ? undefined : readAuthorities({ path: tlsCa, label: labels.tlsCa }),
    clients,
  };
}
