import type { LateAnswer } from "../commands/client-context.ts";
import { type Command, command } from "../commands/command.ts";
import { SYNTAX_ERROR, shownText } from "../commands/command-errors.ts";
import { containerCommand } from "../commands/container-command.ts";
import { fromLatin1, fromUtf8, latin1 } from "../lib/bytes.ts";
import { matchesGlob } from "../lib/glob.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { ReplyError, type ReplyValue } from "../protocol/reply-value.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { isSecret, maySetAtOrigin } from "./origin-parameters.ts";
import { askEveryNode, askOrigin, type OriginCommand } from "./origin-question.ts";
import { type OwnParameter, ownParameters } from "./own-parameters.ts";
import { needsAdmin } from "./refusals.ts";

/**
 * CONFIG at the proxy. The proxy's flag names are its own settings; all other names are the origin's. The proxy asks
 * the origin for those, and sets them there if that is harmless (`origin-parameters.ts`) or `--allow-admin` was
 * given.
 */
export function proxyConfigCommand(proxy: ProxyParts, reset: () => void): Command<ProxyContext> {
  const parameters = new Map(ownParameters(proxy).map((parameter) => [parameter.name, parameter]));
  return containerCommand<ProxyContext>({
    name: "config",
    summary: "A container for configuration commands, of the proxy and of its origin.",
    subcommands: [
      command(
        "config|get",
        "Returns the effective values of configuration parameters.",
        (context, request, reply) => get(context, parameters, request, reply),
      ),
      command("config|set", "Sets configuration parameters in-flight.", (context, request, reply) =>
        set(context, parameters, request, reply),
      ),
      command("config|resetstat", "Resets the proxy's statistics.", (context, _request, reply) => {
        reset();
        if (proxy.settings.allowAdmin) passOn(context, ["CONFIG", "RESETSTAT"]);
        else reply.ok();
      }),
      command(
        "config|rewrite",
        "Persists the origin's effective configuration to file.",
        (context, _request, reply) => {
          if (proxy.settings.allowAdmin) passOn(context, ["CONFIG", "REWRITE"]);
          else reply.error(needsAdmin("config rewrite"));
        },
      ),
    ],
    help: [
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values,",
      "    the proxy's own and the origin's, passwords aside.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>: one of the proxy's own,",
      "    which have its flags' names, or one of the origin's.",
      "RESETSTAT",
      "    Reset the proxy's statistics; with --allow-admin the origin's, too.",
      "REWRITE",
      "    Rewrite the origin's configuration file; needs --allow-admin.",
    ],
  });
}

type Parameters = ReadonlyMap<string, OwnParameter>;

// ---- GET

function get(context: ProxyContext, parameters: Parameters, request: Request, reply: ReplyWriter): void {
  const patterns = Array.from({ length: request.count - 2 }, (_, at) => request.copy(at + 2));
  const own = [...parameters.values()].filter(({ name }) =>
    patterns.some((pattern) => matchesGlob(pattern, fromLatin1(name), true)),
  );
  const values = new Map<string, string | Uint8Array>(
    own.map((parameter) => [parameter.name, parameter.get()]),
  );
  const asked = patterns.filter(
    (pattern) => !parameters.has(latin1(pattern, 0, pattern.length).toLowerCase()),
  );
  if (asked.length === 0) {
    writeValues(values, reply);
    return;
  }
  const answer = context.answerLater();
  void askParameters(context.proxy, asked).then((theirs) =>
    answer((writer) => {
      const failure = theirs.find((reply) => reply instanceof ReplyError);
      if (failure !== undefined) {
        writer.error(failure.message);
        return;
      }
      for (const found of theirs) addValues(values, found);
      writeValues(values, writer);
    }),
  );
}

/** Asks for all patterns at once, or for one after the other: before Redis 7, CONFIG GET takes only one. */
async function askParameters(proxy: ProxyParts, patterns: readonly Uint8Array[]): Promise<ReplyValue[]> {
  const ask = (some: readonly Uint8Array[]): Promise<ReplyValue> =>
    new Promise((resolve) => askOrigin(proxy, ["CONFIG", "GET", ...some], resolve));
  const reply = await ask(patterns);
  if (!(reply instanceof ReplyError) || patterns.length === 1) return [reply];
  return Promise.all(patterns.map((pattern) => ask([pattern])));
}

/** Adds the origin's parameters, except passwords and names that the proxy has too. */
function addValues(values: Map<string, string | Uint8Array>, theirs: ReplyValue): void {
  if (!Array.isArray(theirs)) return;
  for (let at = 0; at + 1 < theirs.length; at += 2) {
    const [name, value] = [theirs[at], theirs[at + 1]];
    if (!(name instanceof Uint8Array) || !(value instanceof Uint8Array)) continue;
    const text = fromUtf8(name);
    if (!values.has(text) && !isSecret(text)) values.set(text, value);
  }
}

function writeValues(values: ReadonlyMap<string, string | Uint8Array>, reply: ReplyWriter): void {
  reply.map(values.size);
  for (const [name, value] of values) {
    reply.bulkText(name);
    if (typeof value === "string") reply.bulkText(value);
    else reply.bulk(value);
  }
}

// ---- SET

/** Sets all of the parameters or none. The origin is asked last; if it refuses, the proxy's settings are restored. */
function set(context: ProxyContext, parameters: Parameters, request: Request, reply: ReplyWriter): void {
  const { proxy } = context;
  const changes = readChanges(proxy, parameters, request);
  if (typeof changes === "string") {
    reply.error(changes);
    return;
  }
  const reverts: (() => void)[] = [];
  const takeBack = (): void => {
    for (const revert of reverts.reverse()) revert();
  };
  for (const { name, apply } of changes.own) {
    try {
      reverts.push(apply());
    } catch (error) {
      takeBack();
      reply.error(refused(name, error));
      return;
    }
  }
  if (changes.theirs.length > 0) {
    const answer = context.answerLater();
    const command = ["CONFIG", "SET", ...changes.theirs];
    void askEveryNode(proxy, command, { mayWrite: true }).then((replies) => {
      const theirs = outcomeOf(proxy, replies);
      if (theirs instanceof ReplyError) takeBack();
      adopt(proxy, changes.own.length > 0, () => answer((writer) => writeOutcome(theirs, writer)));
    });
  } else if (proxy.peers === undefined) {
    proxy.live.refresh();
    reply.ok();
  } else {
    const answer = context.answerLater();
    adopt(proxy, true, () => answer((writer) => writer.ok()));
  }
}

interface Changes {
  readonly own: { readonly name: string; readonly apply: () => () => void }[];
  /** Names and values alternate. */
  readonly theirs: Uint8Array[];
}

/** @returns the changes, none of them made yet, or why they cannot be made */
function readChanges(proxy: ProxyParts, parameters: Parameters, request: Request): Changes | string {
  if (request.count % 2 !== 0) return SYNTAX_ERROR;
  const changes: Changes = { own: [], theirs: [] };
  const seen = new Set<string>();
  for (let index = 2; index < request.count; index += 2) {
    const name = request.text(index).toLowerCase();
    const parameter = parameters.get(name);
    if (seen.has(name)) return refused(name, new RangeError("duplicate parameter"));
    seen.add(name);
    if (parameter === undefined) {
      if (!proxy.settings.allowAdmin && !maySetAtOrigin(name)) return keptAtOrigin(request, index);
      changes.theirs.push(request.copy(index), request.copy(index + 1));
    } else if (parameter.prepare === undefined) {
      return refused(
        name,
        new RangeError(`it cannot be changed while the proxy runs; start it with --${name}`),
      );
    } else {
      try {
        changes.own.push({ name, apply: parameter.prepare(fromUtf8(request.view(index + 1))) });
      } catch (error) {
        return refused(name, error);
      }
    }
  }
  return changes;
}

/** Makes all threads adopt the new settings. */
function adopt(proxy: ProxyParts, isChanged: boolean, then: () => void): void {
  if (!isChanged) {
    then();
    return;
  }
  proxy.live.refresh();
  if (proxy.peers === undefined) then();
  else void proxy.peers.ask({ kind: "settings" }).then(then);
}

function passOn(context: ProxyContext, command: OriginCommand): void {
  const answer: LateAnswer = context.answerLater();
  const { proxy } = context;
  void askEveryNode(proxy, command, { mayWrite: true }).then((replies) =>
    answer((writer) => writeOutcome(outcomeOf(proxy, replies), writer)),
  );
}

/** An error of one node is the outcome. The other nodes may have done it nevertheless. */
function outcomeOf({ origin }: ProxyParts, replies: readonly ReplyValue[]): ReplyValue {
  const failure = replies.find((reply) => reply instanceof ReplyError);
  if (failure !== undefined) return failure;
  // No node is known at all.
  return replies[0] ?? new ReplyError(`${origin.lastError.code} ${origin.lastError.message}`);
}

function writeOutcome(reply: ReplyValue, writer: ReplyWriter): void {
  if (reply instanceof ReplyError) writer.error(reply.message);
  else writer.ok();
}

function refused(name: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

function keptAtOrigin(request: Request, index: number): string {
  return (
    `ERR CONFIG SET failed (possibly related to argument '${shownText(request, index)}') - it is neither a setting ` +
    "of the proxy nor one that it passes on to the origin; ask the origin, or start the proxy with --allow-admin"
  );
}
