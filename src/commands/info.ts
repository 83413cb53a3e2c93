import type { ClientContext } from "./client-context.ts";
import { type Command, command } from "./command.ts";

/** Names and values of one section, in the order they are shown. */
export type InfoFields = Readonly<Record<string, string | number>>;

/** A section of INFO; computed when it is asked for. */
export interface InfoSection {
  /** Capitalised: `Server`. Asked for in any case. */
  readonly name: string;
  /** Left out unless it is asked for by name, or with `all` or `everything`. */
  readonly onRequest?: boolean;
  fields(): InfoFields;
}

/** INFO over a service's sections, in their order. */
export function infoCommand(sections: readonly InfoSection[]): Command<ClientContext> {
  return command(
    "info",
    "Returns information and statistics about the server.",
    (_context, request, reply) => {
      const wanted: string[] = [];
      for (let index = 1; index < request.count; index++) wanted.push(request.text(index));
      reply.verbatim("txt", infoText(sections, wanted));
    },
  );
}

/**
 * The text of INFO: `# Section`, then `field:value` a line; sections are parted by empty lines.
 * @param wanted names of sections in any case, or `default`, `all`, `everything`; none means `default`
 */
export function infoText(sections: readonly InfoSection[], wanted: readonly string[]): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const all = names.has("all") || names.has("everything");
  const defaults = names.size === 0 || names.has("default");
  const texts: string[] = [];
  for (const section of sections) {
    const chosen = all || names.has(section.name.toLowerCase()) || (defaults && section.onRequest !== true);
    if (!chosen) continue;
    let text = `# ${section.name}\r\n`;
    for (const [name, value] of Object.entries(section.fields())) text += `${name}:${value}\r\n`;
    texts.push(text);
  }
  return texts.join("\r\n");
}
