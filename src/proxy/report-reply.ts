import type { ReplyWriter } from "../protocol/protocol.ts";

/** Writes plain data, as JSON has it, as a reply: objects as maps, texts as bulk strings. */
export function writeReport(reply: ReplyWriter, report: unknown): void {
  if (report === null || report === undefined) {
    reply.null();
  } else if (Array.isArray(report)) {
    reply.array(report.length);
    for (const element of report) writeReport(reply, element);
  } else if (typeof report === "object") {
    const fields = Object.entries(report).filter(([, value]) => value !== undefined);
    reply.map(fields.length);
    for (const [name, value] of fields) {
      reply.bulkText(name);
      writeReport(reply, value);
    }
  } else if (typeof report === "boolean") {
    reply.boolean(report);
  } else if (typeof report === "number") {
    if (Number.isInteger(report)) reply.integer(report);
    else reply.double(report);
  } else {
    reply.bulkText(String(report));
  }
}
