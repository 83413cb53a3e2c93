import {
  AuthenticationError,
  type Client,
  ConnectError,
  type ConnectOptions,
  connect,
} from "../client/client.ts";
import { runConsole } from "./client-console.ts";
import { History, historyPath } from "./client-history.ts";
import { execute, Printer, type PrintStyle } from "./client-printer.ts";
import { type ClientRequest, RequestProblem, requestOfWords } from "./client-request.ts";
import { linesOf, runScript } from "./client-script.ts";
import type { Config } from "./config.ts";
import { EXIT_DONE, EXIT_FAILED, FailedError, UsageError } from "./exit.ts";
import { choosePassword } from "./listen-settings.ts";
import { usesColour } from "./log.ts";
import { Output } from "./output.ts";
import { optionalSetting, port, setting, switchSetting, text, timeout } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

const CONNECTION = "Connection:";
const OUTPUT = "Output:";

const SETTINGS = {
  host: setting(readHost, "localhost", {
    placeholder: "<name>",
    description: "where the proxy or server is",
    group: CONNECTION,
  }),
  port: setting(port(1), "8080", {
    placeholder: "<port>",
    description: "its port; a server's is 9090 unless it was told otherwise",
    group: CONNECTION,
  }),
  password: optionalSetting(text(), {
    placeholder: "<text>",
    description: "its password; others on this machine can see it, so prefer the file",
    group: CONNECTION,
  }),
  passwordFile: optionalSetting(text(), {
    placeholder: "<file>",
    description: "file whose first line is the password",
    group: CONNECTION,
  }),
  timeout: setting(timeout(), "5s", {
    placeholder: "<time>",
    description: "how long to wait for a reply; 0 is no bound",
    group: CONNECTION,
  }),
  json: switchSetting({
    description: "print one JSON object for each reply: request, reply or error, source, ms",
    group: OUTPUT,
  }),
  source: switchSetting({
    description: "say before each reply where it came from, as on a terminal",
    group: OUTPUT,
  }),
  exact: switchSetting({
    description: "print the bytes of a value alone, without a line feed behind",
    group: OUTPUT,
  }),
};

export const client = subcommand({
  name: "client",
  summary: "ask a proxy or server",
  description:
    "Asks a proxy, a server or any Redis. With a command it carries out that one; without, it reads requests " +
    "from the terminal, or from standard input where that is no terminal (one a line).",
  operands: "[command...]",
  examples: [
    ["glasscache client PUT shashank=softwareEngineer", "store a value"],
    ["glasscache client GET shashank", "read it, through the proxy"],
    ["glasscache client --port 9090 TTL shashank", "any command of Redis, here of the server"],
    ["glasscache client --json DUMP > all.ndjson", "everything, one JSON object a line"],
    ["glasscache client --exact GET photo > photo.jpg", "a value, byte for byte"],
    ["glasscache client < requests.txt", "one request a line; exit code 1 if any is answered by an error"],
    ["glasscache client", "interactive"],
  ],
  settings: SETTINGS,
  async run(config, operands) {
    const request = operands.length === 0 ? undefined : requestOfOperands(operands);
    return runClient(config, request, new Output(standardOutput()));
  },
});

function readHost(given: string): string {
  const colons = given.split(":").length - 1;
  if (given.includes("/") || colons === 1) {
    throw new RangeError(`"${given}" is not a host's name or address; the port goes to --port`);
  }
  if (given === "") throw new RangeError("must not be empty");
  return given.replace(/^\[(.*)\]$/, "$1");
}

function requestOfOperands(operands: readonly string[]): ClientRequest {
  try {
    return requestOfWords(operands);
  } catch (error) {
    if (error instanceof RequestProblem) throw new UsageError(error.message);
    throw error;
  }
}

async function runClient(
  config: Config<typeof SETTINGS>,
  request: ClientRequest | undefined,
  output: Output,
): Promise<number> {
  const { values } = config;
  const password = choosePassword(config, "password", "passwordFile");
  const options: ConnectOptions = {
    host: values.host,
    port: values.port,
    timeoutMs: values.timeout,
    // One connection, so that what belongs to it (MULTI, SELECT) is never lost unnoticed.
    reconnect: false,
    ...(password === undefined ? {} : { password }),
  };
  const isInteractive = request === undefined && process.stdin.isTTY === true;
  const style: PrintStyle = {
    json: values.json,
    forPeople: output.isTerminal && !values.json,
    colour: usesColour(process.stdout),
    showSource: values.source || output.isTerminal,
    showTime: isInteractive && output.isTerminal,
    exact: values.exact,
  };
  const printer = new Printer(output, style);
  const first = await connectTo(options);
  try {
    if (request !== undefined) return await runOnce(first, request, printer, values.json);
    if (!isInteractive) {
      const allWell = await runScript(first, linesOf(process.stdin), printer);
      return allWell ? EXIT_DONE : EXIT_FAILED;
    }
    await runConsole(first, {
      printer,
      history: new History(historyPath(process.env)),
      isTerminal: output.isTerminal,
      connect: () => connectTo(options),
    });
    return EXIT_DONE;
  } finally {
    await first.close(0);
  }
}

async function runOnce(
  connection: Client,
  request: ClientRequest,
  printer: Printer,
  json: boolean,
): Promise<number> {
  if (request.kind === "dump") {
    await printer.printDump(connection);
    return EXIT_DONE;
  }
  const outcome = await execute(connection, request);
  // A program that asked for JSON reads errors there; all others find them where messages are.
  if (outcome.error !== undefined && !json) throw new FailedError(outcome.error.message);
  await printer.print(request, outcome, connection.server.tellsSource);
  return outcome.error === undefined ? EXIT_DONE : EXIT_FAILED;
}

/** @throws FailedError saying what to do */
async function connectTo(options: ConnectOptions): Promise<Client> {
  try {
    return await connect(options);
  } catch (error) {
    if (error instanceof AuthenticationError) {
      const advice =
        options.password === undefined ? "; give --password-file, GLASSCACHE_PASSWORD or --password" : "";
      throw new FailedError(`${error.message}${advice}`);
    }
    if (!(error instanceof ConnectError)) throw error;
    throw new FailedError(`${error.message}${connectAdvice(error, options)}`);
  }
}

function connectAdvice({ code }: ConnectError, { host, port }: ConnectOptions): string {
  if (code === "ECONNREFUSED" && (host === "localhost" || host === "127.0.0.1" || host === "::1")) {
    const start =
      port === 9090 ? "glasscache server" : `glasscache proxy${port === 8080 ? "" : ` --port ${port}`}`;
    return `; start one with: ${start}`;
  }
  return code === "ENOTFOUND" || code === "ECONNREFUSED" ? "; --host and --port say where it is" : "";
}
