// The centre's clock: a phone's own may be ahead, behind, or on another day.

const KEPT = "field-clock";
const JITTER = 1500; // milliseconds that an answer may have been under way
let ahead = Number(localStorage.getItem(KEPT)) || 0;

/** Milliseconds, as Date.now gives them. */
export const now = () => Date.now() + ahead;

/** An answer of the centre's: it says what time it is there. */
export function hear(reply) {
  const told = Date.parse(reply.headers.get("Centre-Time") ?? "");
  if (Number.isNaN(told) || Math.abs(told - now()) < JITTER) return;
  ahead = told - Date.now();
  localStorage.setItem(KEPT, String(ahead));
}
