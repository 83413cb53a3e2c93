import type { Log } from "../../lib/log.ts";
import { type Listener, tellOfDrain } from "../../net/listener.ts";
import type { CachingProxy } from "../proxy.ts";
import { changeSettings } from "../settings-change.ts";
import type { Warmth } from "../warm/warmth.ts";
import type { FromThread, ToThread } from "./thread-messages.ts";

/** A running thread, as far as the orders of its supervisor concern it. */
export interface OrderedThread {
  readonly proxy: CachingProxy;
  readonly listener: Pick<Listener, "drain" | "replaceTls">;
  readonly log: Log;
  readonly warmth: Warmth | undefined;
  tell(message: FromThread): void;
  /** Tells health checks that the thread takes no new clients. */
  beginDrain(): void;
  /** Ends what the thread does regularly. */
  stop(): void;
  /** Lets the thread end. */
  leave(): void;
}

/** Does what the supervisor asks of a thread, and tells it when that is done. */
export async function carryOut(order: ToThread, thread: OrderedThread): Promise<void> {
  const { proxy, listener } = thread;
  switch (order.type) {
    case "tls":
      listener.replaceTls(order.settings);
      return;
    case "origin-access":
      Object.assign(proxy.settings, order.access);
      return;
    case "users": {
      const { access } = proxy.host;
      access.adopt();
      await access.peers?.adopt();
      thread.tell({ type: "changed", id: order.id, problem: undefined });
      return;
    }
    case "change": {
      const problem = await changeSettings(proxy, order.changes).then(
        () => undefined,
        (error: Error) => error.message,
      );
      thread.tell({ type: "changed", id: order.id, problem });
      return;
    }
    case "drain": {
      thread.beginDrain();
      // While the cache is still what it was.
      const saved = thread.warmth?.finish();
      tellOfDrain(await listener.drain(order.forMs), thread.log);
      await saved;
      thread.tell({ type: "drained" });
      return;
    }
    case "end":
      thread.stop();
      proxy.close();
      await proxy.recorder?.close();
      thread.tell({ type: "ended" });
      thread.leave();
  }
}
