import { Request } from "./protocol.ts";

/** The same request over bytes of its own, for whoever executes it later. Its large arguments change hands. */
export function copyRequest(request: Request): Request {
  const copy = new Request();
  const first = request.starts[0]!;
  const last = request.ends[request.count - 1]!;
  // Not `slice`: of a `Buffer` that would be a view.
  copy.reset(new Uint8Array(request.bytes.subarray(first, last)));
  for (let index = 0; index < request.count; index++) {
    copy.add(request.starts[index]! - first, request.ends[index]! - first);
  }
  copy.large = request.large;
  return copy;
}
