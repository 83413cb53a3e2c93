import { readFile } from "../../play/file-requests.ts";
import { AS_DETECTED } from "../../play/reading.ts";
import type { Requests } from "../../play/requests.ts";
import { TRACE } from "./run.ts";

/** Reads the recording from its file. The page has it as `recording-text.ts` writes it, without what reads traces. */
export async function recordedRequests(blob: Blob): Promise<Requests> {
  const { requests } = await readFile({ name: TRACE.file, blob, reading: AS_DETECTED }, () => {});
  return requests;
}
