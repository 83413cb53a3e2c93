import { Request } from "./protocol.ts";

/** A copy of a request that can be executed later. It takes the request's large arguments over. */
export function copyRequest(request: Request): Request {
  const copy = new Request();
  const first = request.starts[0]!;
  const last = request.ends[request.count - 1]!;
  // Not `slice`: a `Buffer` would return a view.
  copy.reset(new Uint8Array(request.bytes.subarray(first, last)));
  for (let index = 0; index < request.count; index++) {
    copy.add(request.starts[index]! - first, request.ends[index]! - first);
  }
  copy.large = request.large;
  return copy;
}
