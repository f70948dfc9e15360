// What is written waits here until the centre has it: in order, under a key of its own, and never dropped silently.

import * as door from "./door.js";
import * as store from "./store.js";

let sending = null;

const base64 = async (blob) => {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let n = 0; n < bytes.length; n += 32768) text += String.fromCharCode(...bytes.subarray(n, n + 32768));
  return btoa(text);
};
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Write something about a visit; it is safe on the phone when this returns. */
export async function write(visit, step, body = {}, blob = null) {
  await store.enqueue({
    user: door.who()?.username,
    visit: visit.id,
    step,
    key: crypto.randomUUID(),
    body: { ...body, version: visit.version, at: new Date().toISOString() },
    photo: blob ? { type: blob.type, content: await base64(blob) } : null,
  });
}

/** Mine, in order; those the centre refused have `refused`. */
export async function all() {
  const mine = door.who()?.username;
  return (await store.queue()).filter((one) => one.user === mine);
}

/** Send what waits, one after the other. `heard` is given each visit as the centre has it now. */
export function drain(heard) {
  sending ??= (async () => {
    try {
      for (const one of await all()) {
        if (!one.refused) await sendOne(one, heard);
      }
    } finally {
      sending = null;
    }
  })();
  return sending;
}

async function sendOne(one, heard) {
  const said = { ...one.body, sent_at: new Date().toISOString() };
  const path = `visits/${one.visit}/${one.step}`;
  try {
    const visit = one.photo
      ? await door.ask("POST", `${path}?${new URLSearchParams(said)}`, {
          key: one.key, blob: new Blob([bytes(one.photo.content)], { type: one.photo.type }),
        })
      : await door.ask("POST", path, { key: one.key, body: said });
    await store.dequeue(one.id);
    await heard(visit);
  } catch (fault) {
    if (!(fault instanceof door.Refused)) throw fault;
    const why = [fault.message, ...(fault.problem.errors ?? []).map((error) => `${error.field}: ${error.rule}`)];
    await store.rewrite(one.id, { ...one, refused: { why: why.join(" "), code: fault.code } });
    if (fault.problem.visit) await heard(fault.problem.visit);
  }
}

/** The officer has read why it was refused. */
export const dismiss = (id) => store.dequeue(id);

/** Send a refused one again, with what was missing: as a new write. */
export async function again(one, more) {
  const { id, refused, ...write } = one;
  await store.rewrite(id, { ...write, key: crypto.randomUUID(), body: { ...write.body, ...more } });
}
