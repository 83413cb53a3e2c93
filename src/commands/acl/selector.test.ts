import { expect, test } from "bun:test";
import { Selector } from "./selector.ts";

test.each([
  ["()", "resetchannels -@all", false],
  ["(+get ~app:*)", "~app:* resetchannels -@all +get", false],
  ["( +get\t ~a   &c )", "~a resetchannels &c -@all +get", false],
  ["(%R~a %W~b &c &d)", "%R~a %W~b resetchannels &c &d -@all", false],
  ["(allkeys allchannels allcommands)", "~* &* +@all", true],
  ["(~* &* +@all)", "~* &* +@all", true],
  ["(ALLKEYS AllChannels AllCommands)", "~* &* +@all", true],
  ["(~* &* +get)", "~* &* -@all +get", false],
  ["(~* &a +@all)", "~* resetchannels &a +@all", false],
  ["(~a &* +@all)", "~a &* +@all", false],
  ["(allkeys resetkeys allchannels resetchannels allcommands nocommands)", "resetchannels -@all", false],
  ["(~a resetkeys ~b &c resetchannels &d +get nocommands +set)", "~b resetchannels &d -@all +set", false],
  ["(+@all -get)", "resetchannels +@all -get", false],
])("%s is %s, and allows everything: %p", (given, text, isAll) => {
  const selector = Selector.read(given);
  expect([selector.text, selector.isAll]).toEqual([text, isAll]);
});

test.each(["(on)", "(get)", "(*)", "(>password)", "(%X~a)"])("%s is refused", (given) => {
  expect(() => Selector.read(given)).toThrow("Syntax error");
});

test("a copy changes alone, in each of its parts", () => {
  const selector = Selector.read("(~a &b +get)");
  const copy = selector.copy();
  for (const rule of ["~c", "&d", "+set"]) copy.apply(rule);
  expect([selector.text, copy.text]).toEqual([
    "~a resetchannels &b -@all +get",
    "~a ~c resetchannels &b &d -@all +get +set",
  ]);
});
