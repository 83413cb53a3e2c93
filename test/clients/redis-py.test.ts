import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requirePythonModule } from "../support/requirements.ts";
import { eachTarget, hasAllOfRedis, mayRunScripts, startTarget, type Target } from "./targets.ts";

const python = requirePythonModule("redis");

eachTarget((kind, title, canRun) => {
  describe.skipIf(!canRun || !python.available)(python.title(`redis-py with ${title}`), () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    const files = (): string[] => {
      const { tls } = target;
      return tls === undefined
        ? []
        : [tls.authority.path, tls.identity.certificatePath, tls.identity.keyPath];
    };

    const as = (): string[] => {
      const { user } = target;
      const rights = mayRunScripts(kind) ? "scripts" : "no-scripts";
      return [rights, user?.name ?? "", user?.password ?? ""];
    };

    test("does real work", async () => {
      const types = hasAllOfRedis(kind) ? "all-types" : "strings";
      const script = join(import.meta.dir, "redis_py.py");
      const child = Bun.spawn([python.path, script, String(target.port), types, ...as(), ...files()], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [output, errors] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      await child.exited;
      expect(errors).toBe("");
      const jobs = ["strings", "expiry", "pipelines", "transactions", "walk", "errors", "reconnection"];
      if (hasAllOfRedis(kind)) jobs.push("all_types", "messages", "waiting");
      expect(output.trim().split("\n")).toEqual(jobs);
    });
  });
});
