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
        const body = await readJson(request, limits, timers);
        const { password, user: name = "default" } = textMembers(body, ["password"], ["user"]);
        const cookie = access.logIn({ name, password }, request.headers, address);
        return respondJson({ expiresAfterMs: limits.sessionMs }, { headers: { "set-cookie": cookie } });
      },
    },
    shown: 'POST /login { "user", "password" }',
    summary:
      "Opens a session for a browser: a cookie instead of the password. Without a user it is the default one.",
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
