import { fromLatin1, fromUtf8 } from "../lib/bytes.ts";
import { matchesGlob } from "../lib/glob.ts";
import { parseSize } from "../lib/quantity.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ClientContext } from "./client-context.ts";
import { type Command, command } from "./command.ts";
import { SYNTAX_ERROR, shownText } from "./command-errors.ts";
import { containerCommand } from "./container-command.ts";

/** One setting. CONFIG GET shows it, and CONFIG SET changes it if it has `set`. */
export interface Parameter {
  /** In lower case. Redis's name if Redis has the same setting. */
  readonly name: string;
  /** The value, in the form that `set` takes. */
  get(): string;
  /** Applies a new value at once. @throws Error with the reason if the value is refused; nothing has changed then */
  set?(text: string): void;
}

/** The settings and counters of a service that CONFIG works on. */
export interface Configuration {
  readonly parameters: readonly Parameter[];
  /** CONFIG RESETSTAT: sets the counters of INFO to 0. */
  resetStatistics(): void;
}

/** CONFIG for a service. */
export function configCommand(configuration: Configuration): Command<ClientContext> {
  return containerCommand<ClientContext>({
    name: "config",
    summary: "A container for server configuration commands.",
    subcommands: [
      command(
        "config|get",
        "Returns the effective values of configuration parameters.",
        (_context, request, reply) => get(configuration.parameters, request, reply),
      ),
      command("config|set", "Sets configuration parameters in-flight.", (_context, request, reply) =>
        set(configuration.parameters, request, reply),
      ),
      command("config|resetstat", "Resets the server's statistics.", (_context, _request, reply) => {
        configuration.resetStatistics();
        reply.ok();
      }),
      command(
        "config|rewrite",
        "Persists the effective configuration to file.",
        (_context, _request, reply) =>
          reply.error(
            "ERR CONFIG REWRITE is not supported: settings are given by flags, environment or --config",
          ),
      ),
    ],
    help: [
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Refused: there is no configuration file to rewrite.",
    ],
  });
}

function get(parameters: readonly Parameter[], request: Request, reply: ReplyWriter): void {
  const patterns: Uint8Array[] = [];
  for (let index = 2; index < request.count; index++) patterns.push(request.view(index));
  const chosen = parameters.filter(({ name }) =>
    patterns.some((pattern) => matchesGlob(pattern, fromLatin1(name), true)),
  );
  reply.map(chosen.length);
  for (const parameter of chosen) {
    reply.bulkText(parameter.name);
    reply.bulkText(parameter.get());
  }
}

/** Sets all given parameters, or none. */
function set(parameters: readonly Parameter[], request: Request, reply: ReplyWriter): void {
  if (request.count % 2 !== 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const changes: { parameter: Parameter; text: string }[] = [];
  for (let index = 2; index < request.count; index += 2) {
    const name = request.text(index).toLowerCase();
    const parameter = parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined) {
      const shown = shownText(request, index);
      reply.error(`ERR Unknown option or number of arguments for CONFIG SET - '${shown}'`);
      return;
    }
    const refusal =
      parameter.set === undefined
        ? "can't set immutable config"
        : changes.some((change) => change.parameter === parameter)
          ? "duplicate parameter"
          : undefined;
    if (refusal !== undefined) {
      reply.error(refused(name, refusal));
      return;
    }
    changes.push({ parameter, text: fromUtf8(request.view(index + 1)) });
  }
  const done: { parameter: Parameter; before: string }[] = [];
  for (const { parameter, text } of changes) {
    const before = parameter.get();
    try {
      parameter.set!(text);
    } catch (error) {
      for (const change of done.reverse()) change.parameter.set!(change.before);
      reply.error(refused(parameter.name, error instanceof Error ? error.message : String(error)));
      return;
    }
    done.push({ parameter, before });
  }
  reply.ok();
}

function refused(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

// ---- kinds of parameters

/** A parameter that cannot be changed. Some exist only because clients read them. */
export function fixedParameter(name: string, value: string | (() => string)): Parameter {
  return { name, get: typeof value === "string" ? () => value : value };
}

/** A number of bytes, with Redis's units. */
export function sizeParameter(name: string, get: () => number, set: (bytes: number) => void): Parameter {
  return {
    name,
    get: () => String(get()),
    set(text) {
      let bytes: number;
      try {
        bytes = parseSize(text);
      } catch {
        throw new RangeError("argument must be a memory value");
      }
      set(bytes);
    },
  };
}

/** A whole number within `bounds`, both included. */
export function integerParameter(
  name: string,
  bounds: readonly [least: number, most: number],
  get: () => number,
  set: (value: number) => void,
): Parameter {
  return {
    name,
    get: () => String(get()),
    set(text) {
      const value = Number(text);
      if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
        throw new RangeError("argument couldn't be parsed into an integer");
      }
      if (value < bounds[0] || value > bounds[1]) {
        throw new RangeError(`argument must be between ${bounds[0]} and ${bounds[1]} inclusive`);
      }
      set(value);
    },
  };
}
