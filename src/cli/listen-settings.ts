import { accessSettings } from "./access-settings.ts";
import { choice, duration, port, setting, switchSetting, text } from "./setting.ts";
import { tlsSettings } from "./tls-settings.ts";

export const LISTENING = "Listening:";

/** Settings that server and proxy share: where they listen, and which clients they admit. */
export function listenSettings(defaultPort: string) {
  return {
    host: setting(text(), "localhost", {
      placeholder: "<name>",
      description: "name or address to listen on; localhost is 127.0.0.1 and ::1",
      group: LISTENING,
    }),
    port: setting(port(0), defaultPort, {
      placeholder: "<port>",
      description: "port to listen on; 0 takes a free one",
      group: LISTENING,
    }),
    protocol: setting(choice("both", "resp"), "both", {
      placeholder: "<both|resp>",
      description: "protocols: RESP and the text protocol, or only RESP; inline commands belong to RESP",
      group: LISTENING,
    }),
    ...accessSettings(),
    ...tlsSettings(),
    drainTime: setting(duration({ most: "1h" }), "5s", {
      placeholder: "<time>",
      description:
        "at the end, how long clients in the middle of requests may go on; those that rest are closed",
      group: LISTENING,
    }),
    check: switchSetting({
      description:
        "say whether the configuration is right, files included, and what differs from the defaults; and end",
      group: LISTENING,
    }),
    untilInputEnds: switchSetting({
      description: "end when standard input ends, for use by programs that start this one",
      group: LISTENING,
    }),
  };
}
