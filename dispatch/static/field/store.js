// What the phone keeps: everything sealed under a key that no script can read out, and gone at sign-out.

const NAME = "field";
const STORES = ["keys", "kept", "queue"];
let opened = null;
let sealing = null;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const name of STORES) request.result.createObjectStore(name, { keyPath: "id", autoIncrement: name === "queue" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function table(name, mode = "readonly") {
  return (await database()).transaction(name, mode).objectStore(name);
}

async function theKey() {
  sealing ??= (async () => {
    const known = await done((await table("keys")).get("sealing"));
    if (known) return known.key;
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await done((await table("keys", "readwrite")).put({ id: "sealing", key }));
    return key;
  })();
  return sealing;
}

async function seal(value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  return { iv, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await theKey(), plain) };
}

async function unseal(row) {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv }, await theKey(), row.sealed);
  return JSON.parse(new TextDecoder().decode(plain));
}

/** What is kept under a name, or undefined. */
export async function get(id) {
  const row = await done((await table("kept")).get(id));
  return row ? unseal(row) : undefined;
}

export async function put(id, value) {
  const row = { id, ...(await seal(value)) };
  await done((await table("kept", "readwrite")).put(row));
}

export async function drop(id) {
  await done((await table("kept", "readwrite")).delete(id));
}

/** The names of what is kept that begin so. */
export async function names(prefix) {
  const all = await done((await table("kept")).getAllKeys());
  return all.filter((id) => id.startsWith(prefix));
}

/** Put a write at the end of the queue. When this returns it is on the disk. */
export async function enqueue(write) {
  const row = await seal(write);
  const queue = await table("queue", "readwrite");
  await new Promise((resolve, reject) => {
    queue.transaction.oncomplete = resolve;
    queue.transaction.onabort = () => reject(queue.transaction.error);
    queue.add(row);
  });
}

/** All that waits, in order: [{id, ...write}]. */
export async function queue() {
  const rows = await done((await table("queue")).getAll());
  return Promise.all(rows.map(async (row) => ({ ...(await unseal(row)), id: row.id })));
}

export async function rewrite(id, write) {
  const row = { id, ...(await seal(write)) };
  await done((await table("queue", "readwrite")).put(row));
}

export async function dequeue(id) {
  await done((await table("queue", "readwrite")).delete(id));
}

/** All that is kept goes, but for what waits to be sent. */
export async function forget() {
  await done((await table("kept", "readwrite")).clear());
}

/** Nothing is left, and what may be left on the disk cannot be read without the key that is gone. */
export async function wipe() {
  for (const name of STORES) await done((await table(name, "readwrite")).clear());
  sealing = null;
}
