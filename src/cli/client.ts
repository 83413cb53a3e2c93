import type { Client } from "../client/client.ts";
import { ownCommands } from "../proxy/own-commands.ts";
import { runConsole } from "./client-console.ts";
import { isFeed, runFeed } from "./client-feed.ts";
import { History, historyPath } from "./client-history.ts";
import { STDIN_LIMIT_BYTES, wordsWithInput } from "./client-input.ts";
import { execute, isMissing, Printer, type PrintStyle } from "./client-printer.ts";
import { type ClientRequest, RequestProblem, requestOfWords, type Word } from "./client-request.ts";
import { linesOf, runScript } from "./client-script.ts";
import { TARGET_SETTINGS, Target } from "./client-target.ts";
import type { Config } from "./config.ts";
import { EXIT_DONE, EXIT_FAILED, EXIT_MISSING, FailedError, UsageError } from "./exit.ts";
import { usesColour } from "./log.ts";
import { Output } from "./output.ts";
import { PagedOutput } from "./paged-output.ts";
import { passwordAsker } from "./password-prompt.ts";
import { switchSetting } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";
import { TerminalKeys } from "./terminal-keys.ts";

const OUTPUT = "Output:";

/** Commands that shells complete; the interactive client completes all commands of the server. */
const VERBS = [
  ..."PUT GET DELETE DUMP SET MGET MSET DEL EXISTS TTL EXPIRE INCR SCAN TYPE INFO CONFIG CLIENT".split(" "),
  ..."DBSIZE FLUSHALL MONITOR SUBSCRIBE PUBLISH".split(" "),
  ...ownCommands.map(({ name }) => name.toUpperCase()),
];

const SETTINGS = {
  ...TARGET_SETTINGS,
  stdin: switchSetting({
    description: "read the last word of the command from standard input, byte for byte",
    group: "Input:",
    short: "-x",
  }),
  json: switchSetting({
    description: "print one JSON object for each reply: request, reply or error, source, ms",
    group: OUTPUT,
  }),
  source: switchSetting({
    description: "print before each reply where it came from, as on a terminal",
    group: OUTPUT,
  }),
  exact: switchSetting({
    description: "print only the bytes of a value, without a line feed at the end",
    group: OUTPUT,
  }),
};

export const client = subcommand({
  name: "client",
  summary: "send requests to a proxy or server",
  description:
    "Sends requests to a proxy, a server or any Redis. With a command, it runs that one. Otherwise it reads requests " +
    "from the terminal, or one per line from standard input if that is not a terminal.",
  operands: "[command...]",
  operandValues: VERBS,
  optionsBehindOperands: "known",
  examples: [
    ["glasscache client PUT shashank=softwareEngineer", "store a value"],
    ["glasscache client GET shashank", "read it, through the proxy"],
    ["glasscache client --port 9090 TTL shashank", "any command of Redis, here of the server"],
    ["glasscache client --json DUMP > all.ndjson", "everything, one JSON object per line"],
    ["glasscache client PUT photo < photo.jpg", "store a file, byte for byte"],
    ["glasscache client --exact GET photo > photo.jpg", "a value, byte for byte"],
    ["glasscache client -u redis://localhost:6379/2 GET a", "another server, and a database of it"],
    ["glasscache client MONITOR", "every command that the server executes, until Ctrl-C"],
    ["glasscache client < requests.txt", "one request per line; exit code 1 if any reply is an error"],
    ["glasscache client", "interactive"],
  ],
  settings: SETTINGS,
  notes:
    "Options may follow the command, too. Words that only look like options follow --, as in " +
    "glasscache client -- SET a --json. " +
    "Exit codes: 0 done, 1 failed or error reply, 2 wrong usage, 3 no such key (for a single command: the reply " +
    "is nil, or DELETE removed nothing).",
  async run(config, operands) {
    const target = new Target(config, { maxPendingBytes: 2 * STDIN_LIMIT_BYTES });
    const { stdin } = process;
    const given = await wordsWithInput(operands, config.values.stdin, {
      isTerminal: stdin.isTTY === true,
      stream: stdin,
    });
    const request = given.length === 0 ? undefined : requestOfOperands(given);
    return runClient(config, target, request);
  },
});

function requestOfOperands(operands: readonly Word[]): ClientRequest {
  try {
    return requestOfWords(operands);
  } catch (error) {
    if (error instanceof RequestProblem) throw new UsageError(error.message);
    throw error;
  }
}

async function runClient(
  { values }: Config<typeof SETTINGS>,
  target: Target,
  request: ClientRequest | undefined,
): Promise<number> {
  const stdout = standardOutput();
  const isTerminal = stdout.isTTY === true;
  const isInteractive = request === undefined && process.stdin.isTTY === true;
  const style: PrintStyle = {
    json: values.json,
    forPeople: isTerminal && !values.json,
    colour: usesColour(process.stdout),
    showSource: values.source || isTerminal,
    showTime: isInteractive && isTerminal,
    exact: values.exact,
  };
  if (request !== undefined && isFeed(request)) {
    const printer = new Printer(new Output(stdout), style);
    return endOf(request, await runFeed(target, request.command, printer, passwordAsker()), printer, values);
  }
  const first = await target.connect(passwordAsker());
  try {
    if (request !== undefined) {
      return await runOnce(first, request, new Printer(new Output(stdout), style), values);
    }
    if (!isInteractive) {
      const printer = new Printer(new Output(stdout), style);
      const allWell = await runScript(first, linesOf(process.stdin), printer);
      return allWell ? EXIT_DONE : EXIT_FAILED;
    }
    const keys = new TerminalKeys(process.stdin);
    const output = isTerminal ? new PagedOutput(stdout, keys) : new Output(stdout);
    await runConsole(first, {
      printer: new Printer(output, style),
      keys,
      isTerminal,
      history: new History(historyPath(process.env)),
      target,
    });
    return EXIT_DONE;
  } finally {
    await first.close(0);
  }
}

/** Turns the end of a feed into an outcome: success, or the server's error reply. */
async function endOf(
  request: ClientRequest,
  error: Error | undefined,
  printer: Printer,
  { json }: { readonly json: boolean },
): Promise<number> {
  if (error === undefined) return EXIT_DONE;
  if (!json) throw new FailedError(error.message);
  await printer.print(request, { error, ms: 0 }, false);
  return EXIT_FAILED;
}

async function runOnce(
  connection: Client,
  request: ClientRequest,
  printer: Printer,
  { json, exact }: { readonly json: boolean; readonly exact: boolean },
): Promise<number> {
  if (request.kind === "dump") {
    await printer.printDump(connection);
    return EXIT_DONE;
  }
  const outcome = await execute(connection, request);
  // With --json, errors are part of the output; otherwise they are messages.
  if (outcome.error !== undefined && !json) throw new FailedError(outcome.error.message);
  const missing = isMissing(request, outcome);
  if (missing && exact && !json) {
    // Standard output must contain the bytes of a value, or nothing.
    process.stderr.write("glasscache client: No such key found\n");
    return EXIT_MISSING;
  }
  await printer.print(request, outcome, connection.server.tellsSource);
  if (missing) return EXIT_MISSING;
  return outcome.error === undefined ? EXIT_DONE : EXIT_FAILED;
}
