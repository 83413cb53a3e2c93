import type { ParserLimits } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import { TextParser } from "../protocol/text-parser.ts";

const FIRST_BYTE_RESP = 0x2a;

/** The parser of the protocol that a client speaks. @param respOnly what is not RESP is one of its inline commands */
export function parserFor(
  firstByte: number,
  respOnly: boolean,
  limits: ParserLimits,
): RespParser | TextParser {
  const isResp = respOnly || firstByte === FIRST_BYTE_RESP;
  return isResp ? new RespParser(limits, { inline: respOnly }) : new TextParser(limits);
}
