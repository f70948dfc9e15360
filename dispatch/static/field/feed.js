// What has changed: a line kept open says when to look, a clock looks now and then behind it.

import * as door from "./door.js";
import * as store from "./store.js";

const EVERY = 20_000; // milliseconds
let line = null;
let looking = null;

/** Where we have read up to, from now on: take this first, then read the visits. */
export async function begin() {
  const { cursor } = await door.ask("GET", "changes");
  await store.put("cursor", cursor);
}

/** All that has changed since; `heard` is given each answer. Returns false if there was no place to go on from. */
export function look(heard) {
  looking ??= (async () => {
    try {
      for (let more = true; more;) {
        const cursor = await store.get("cursor");
        if (!cursor) return false;
        const told = await door.ask("GET", `changes?cursor=${encodeURIComponent(cursor)}`);
        await heard(told);
        await store.put("cursor", told.cursor);
        more = told.more;
      }
      return true;
    } catch (fault) {
      if (!(fault instanceof door.Refused) || fault.code !== "bad-cursor") throw fault;
      await store.drop("cursor");
      return false;
    } finally {
      looking = null;
    }
  })();
  return looking;
}

/** Call `wake` whenever there may be something; until the function it returns is called. */
export function follow(wake) {
  let going = true;
  const clock = setInterval(wake, EVERY);
  (async () => {
    while (going) {
      const wait = await listen(wake).catch(() => EVERY);
      if (going) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  })();
  return () => {
    going = false;
    clearInterval(clock);
    line?.abort();
  };
}

/** One line, until it ends; how long to wait before the next. */
async function listen(wake) {
  const cursor = await store.get("cursor");
  if (!cursor || document.hidden) return 3000;
  line = new AbortController();
  const reply = await door.ask("GET", `stream?cursor=${encodeURIComponent(cursor)}`, {
    raw: true, accept: "text/event-stream", signal: line.signal,
  });
  if (!reply.ok) return EVERY;
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return 1000;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      if (event.startsWith("event: changes")) await wake();
      if (event.startsWith("event: busy")) return EVERY;
    }
  }
}
