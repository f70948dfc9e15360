// The REST door: one request, in the officer's language, with a token that renews itself.

import * as clock from "./clock.js";
import * as store from "./store.js";

const ROOT = "/api/v1/field/";
const SOON = 60_000; // milliseconds before its end a token is renewed
let session = null;
let renewing = null;
let language = "zh-hans";

/** No answer came: there is no signal, or the centre is not there. */
export class NoSignal extends Error {}
/** The sign-in has ended: a password is needed. */
export class SignedOut extends Error {}
/** A refusal, as problem details. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.problem = problem;
    this.code = (problem.type || "").split(":").pop();
  }
}

export const speak = (code) => { language = code; };
export const who = () => session;

export async function resume() {
  session = (await store.get("session")) ?? null;
  return session;
}

export async function signIn(username, password) {
  const body = { username, password, device: device() };
  session = { username, ...(await answer(await send("POST", "token", { body }))) };
  await store.put("session", session);
  return session;
}

export async function signOut() {
  try {
    if (session) await send("DELETE", "token", { token: session.token });
  } catch (fault) {
    if (!(fault instanceof NoSignal)) throw fault;
  }
  session = null;
}

/** Ask, renewing the token when it is due. Throws NoSignal, SignedOut or Refused. */
export async function ask(method, path, options = {}) {
  let reply = await send(method, path, { ...options, token: await token() });
  if (reply.status === 401) {
    await renew();
    reply = await send(method, path, { ...options, token: session.token });
    if (reply.status === 401) throw new SignedOut();
  }
  return options.raw ? reply : answer(reply);
}

async function answer(reply) {
  if (reply.status === 204) return null;
  let told = {};
  try {
    told = await reply.json();
  } catch {
    throw new NoSignal(); // a proxy's page, say: not the centre
  }
  if (!reply.ok) {
    if (reply.status >= 500 || reply.status === 429) throw new NoSignal();
    throw new Refused(reply.status, told);
  }
  return told;
}

async function send(method, path, { body, blob, key, token: bearer, accept, signal } = {}) {
  const headers = { "Accept": accept ?? "application/json", "Accept-Language": language };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (blob) headers["Content-Type"] = blob.type;
  try {
    const reply = await fetch(ROOT + path, {
      method, headers, signal, cache: "no-store", credentials: "omit",
      body: blob ?? (body === undefined ? undefined : JSON.stringify(body)),
    });
    clock.hear(reply);
    return reply;
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new NoSignal();
  }
}

async function token() {
  if (!session) throw new SignedOut();
  if (Date.parse(session.expires_at) - clock.now() < SOON) {
    try {
      await renew();
    } catch (fault) {
      if (!(fault instanceof SignedOut) || Date.parse(session?.expires_at ?? 0) < clock.now()) throw fault;
    }
  }
  return session.token;
}

/** The next pair. The word it is asked with is kept first, so that a lost answer can be asked for again. */
function renew() {
  renewing ??= (async () => {
    try {
      if (!session?.refresh_token) throw new SignedOut();
      session.renewal ??= crypto.randomUUID();
      await store.put("session", session);
      const body = { refresh_token: session.refresh_token, renewal: session.renewal };
      const pair = await answer(await send("POST", "token/renew", { body }));
      session = { ...session, ...pair, renewal: undefined };
      await store.put("session", session);
    } catch (fault) {
      if (fault instanceof Refused && fault.status === 401) {
        session = { username: session?.username };
        await store.put("session", session);
        throw new SignedOut();
      }
      throw fault;
    } finally {
      renewing = null;
    }
  })();
  return renewing;
}

function device() {
  const known = /\(([^)]{1,50})/.exec(navigator.userAgent);
  return (known ? known[1] : "phone").slice(0, 64);
}
