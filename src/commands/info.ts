import type { ClientContext } from "./client-context.ts";
import { type Command, command } from "./command.ts";

/** Names and values of one section, in the order of INFO. */
export type InfoFields = Readonly<Record<string, string | number>>;

/** A section of INFO. Its fields are computed for each INFO. */
export interface InfoSection {
  /** Capitalised, such as `Server`. Requests name it in any case. */
  readonly name: string;
  /** Shown only if a request names it, or asks for `all` or `everything`. */
  readonly onRequest?: boolean;
  fields(): InfoFields;
}

/** INFO for a service with these sections, in this order. */
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
 * The text of INFO. A section is `# Name` and a line `field:value` for each field. Empty lines separate sections.
 * @param wanted names of sections in any case, or `default`, `all`, `everything`. None means `default`.
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
