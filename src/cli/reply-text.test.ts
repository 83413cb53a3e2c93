import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Reply, ReplyError } from "../client/client.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { splitWords } from "./client-request.ts";
import { displayReply, jsonReply, plainReply } from "./reply-text.ts";

const BINARY = new Uint8Array([0xff, 0x00, 0x0a]);
const NESTED: Reply = [utf8("a"), 1, [null, utf8('q"\\')], new Map<Reply, Reply>([[utf8("k"), [utf8("v")]]])];

describe("for people", () => {
  test.each<[Reply, string]>([
    [utf8("softwareEngineer"), "softwareEngineer"],
    [utf8("zwei\r\nZeilen\tä"), "zwei\nZeilen\tä"],
    [utf8("\x1b[2J\u009b"), "\\x1b[2J\\xc2\\x9b"],
    [BINARY, '"\\xff\\x00\\x0a"'],
    ["OK", "OK"],
    [null, "(nil)"],
    [5, "(integer) 5"],
    [12345678901234567890n, "(integer) 12345678901234567890"],
    [1.5, "(double) 1.5"],
    [true, "(true)"],
    [[], "(empty array)"],
    [new Set(), "(empty set)"],
    [new Map(), "(empty map)"],
    [[utf8("a\n"), BINARY, "QUEUED"], '1) "a\\n"\n2) "\\xff\\x00\\x0a"\n3) QUEUED'],
    [[new ReplyError("ERR no")], "1) (error) ERR no"],
    [NESTED, '1) "a"\n2) (integer) 1\n3) 1) (nil)\n   2) "q\\"\\\\"\n4) "k" => 1) "v"'],
  ])("%#", (reply, text) => {
    expect(displayReply(reply)).toBe(text);
  });

  test("a string in quotes is read again as the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const shown = displayReply([bytes]).slice(3);
        const [word] = splitWords(utf8(`X ${shown}`)).slice(1);
        expect(typeof word === "string" ? utf8(word) : word).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  test("nothing is left that steers a terminal", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x2ff)), (codes) => {
        const text = String.fromCharCode(...codes);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
        expect(displayReply(utf8(text))).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });
});

describe("for programs", () => {
  test("values as they are, one on each line", () => {
    expect([...plainReply(BINARY)]).toEqual([...BINARY, 0x0a]);
    expect(fromUtf8(plainReply(NESTED))).toBe('a\n1\n(nil)\nq"\\\nk\nv\n');
    expect(fromUtf8(plainReply([]))).toBe("\n");
    expect(fromUtf8(plainReply(new Set<Reply>(["a", true])))).toBe("a\ntrue\n");
    expect(fromUtf8(plainReply([new ReplyError("ERR no")]))).toBe("ERROR ERR no\n");
  });
});

test("as JSON", () => {
  expect(jsonReply(NESTED)).toEqual(["a", 1, [null, 'q"\\'], { k: ["v"] }]);
  expect(jsonReply(BINARY)).toEqual({ base64: "/wAK" });
  expect(jsonReply(utf8("\ufeffx"))).toBe("\ufeffx");
  expect(jsonReply([10n, Number.NaN, new ReplyError("ERR no"), new Set<Reply>([1])])).toEqual([
    "10",
    "NaN",
    { error: "ERR no" },
    [1],
  ]);
  expect(jsonReply(new Map<Reply, Reply>([[1, 2]]))).toEqual([[1, 2]]);
});
