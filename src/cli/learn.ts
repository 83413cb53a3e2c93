import { LearnServer } from "../admin/learn-server.ts";
import { bundlePage } from "../admin/page-bundle.ts";
import { EXIT_DONE } from "./exit.ts";
import { port, setting, text } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

const ENDING_SIGNALS = ["SIGINT", "SIGTERM"] as const;

const SETTINGS = {
  port: setting(port(0), "8082", {
    placeholder: "<port>",
    description: "port to listen on; 0 takes a free one",
  }),
  host: setting(text(), "localhost", {
    placeholder: "<name>",
    description: "name or address to listen on; localhost is 127.0.0.1 and ::1",
  }),
};

export const learn = subcommand({
  name: "learn",
  summary: "serve the lessons and the playground: caches to step through in a browser",
  description:
    "Serves lessons on how caches work, and a playground in which eviction policies can be watched at work, side by " +
    "side, request by request, forwards and backwards. Everything runs in the browser. A proxy and a server show the " +
    "same pages at /learn of their admin port.",
  examples: [
    ["glasscache learn", "print the addresses, and serve the pages until Ctrl-C"],
    ["glasscache learn --port 0", "on a free port"],
  ],
  settings: SETTINGS,
  async run({ values: { host, port } }) {
    const { promise: ending, resolve: end } = Promise.withResolvers<void>();
    // Before the address is told, for a signal may come as soon as it is.
    for (const signal of ENDING_SIGNALS) process.once(signal, end);
    const server = new LearnServer({ host, port, page: bundlePage });
    const name = host.includes(":") ? `[${host}]` : host;
    const url = `http://${name}:${server.port}`;
    standardOutput().write(`The lessons: ${url}/learn/lessons\n`);
    standardOutput().write(`The playground: ${url}/learn (Ctrl-C ends it)\n`);
    await ending;
    await server.close();
    return EXIT_DONE;
  },
});
