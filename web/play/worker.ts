import { type SandboxStart, startSandbox } from "../sandbox/start.ts";
import type { ToPlayWorker } from "./messages.ts";
import { startPlaying } from "./start.ts";

/**
 * The entry point of the page's workers, and of the sandbox's: both replay requests through caches, so one script
 * does for both. The first message to a sandbox brings the port over which it is asked.
 */
self.onmessage = ({ data, ports: [port] }: MessageEvent<ToPlayWorker & SandboxStart>) => {
  if (port === undefined) startPlaying(data);
  else startSandbox(port, data);
};
