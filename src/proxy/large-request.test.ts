import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import type { LargeArgument, Request } from "../protocol/protocol.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { passesOnLarge, writeLargeRequest } from "./large-request.ts";
import { ROUTES, type Route } from "./routes.ts";

const SET = ROUTES.find(({ name }) => name === "set")!;

function passes(route: Route | undefined, ...large: number[]): boolean {
  return passesOnLarge({ large: large.map((index) => ({ index })) } as unknown as Request, route);
}

test("a write of one key is passed on in chunks if its values are the large arguments", () => {
  expect(passes(SET, 2)).toBe(true);
  expect(passes(SET, 2, 3)).toBe(true);
  expect(passes(SET, 1, 2)).toBe(false);
  expect(passesOnLarge(requestOf("SET", "a", "1"), SET)).toBe(false);
});

test("any other request is not", () => {
  const route = (changes: Partial<Route>): Route => ({ ...SET, ...changes });
  expect(passes(undefined, 2)).toBe(false);
  expect(passes(route({ kind: "read" }), 2)).toBe(false);
  expect(passes(route({ keys: undefined }), 2)).toBe(false);
  expect(passes(route({ keys: [1, 2, 1] }), 3)).toBe(false);
  expect(passes(route({ all: true }), 2)).toBe(false);
  expect(passes(route({ onlyWithCount: 3 }), 2)).toBe(false);
});

test("it is written as it came, its large arguments where they were", () => {
  const out = new ByteBuffer();
  const passedOn: unknown[] = [];
  const upstream = {
    out,
    passOn(bytes: { lengthBytes: number }) {
      passedOn.push(bytes);
      out.append(Buffer.from("<large>"));
    },
  } as unknown as UpstreamConnection;
  const bytes = { lengthBytes: 70_000 } as LargeArgument["bytes"];
  writeLargeRequest(upstream, requestOf("SET", "a", "", "KEEPTTL"), [{ index: 2, bytes }]);
  expect(latin1(out.view())).toBe("*4\r\n$3\r\nSET\r\n$1\r\na\r\n$70000\r\n<large>\r\n$7\r\nKEEPTTL\r\n");
  expect(passedOn).toEqual([bytes]);
});
