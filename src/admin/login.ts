import type { Route } from "./call.ts";
import { readJson } from "./json-body.ts";
import { textMembers } from "./parameters.ts";
import { respondJson } from "./responses.ts";

/** Sessions, for the page. */
export const LOGIN_ROUTES: readonly Route[] = [
  {
    path: "/login",
    access: "open",
    methods: {
      async POST({ request, address, desk: { access, limits, timers } }) {
        const { password } = textMembers(await readJson(request, limits, timers), ["password"]);
        const cookie = access.logIn(password, request.headers, address);
        return respondJson({ expiresAfterMs: limits.sessionMs }, { headers: { "set-cookie": cookie } });
      },
    },
    shown: 'POST /login { "password" }',
    summary: "Opens a session for a browser: a cookie instead of the password.",
  },
  {
    path: "/logout",
    access: "open",
    methods: {
      POST: ({ request, desk: { access } }) =>
        respondJson({}, { headers: { "set-cookie": access.logOut(request.headers) } }),
    },
    shown: "POST /logout",
    summary: "Ends the session.",
  },
];
