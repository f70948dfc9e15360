// The officer's work as the phone knows it: visits, opened persons, what waits; each change is kept and shown.

import { now } from "./clock.js";
import { metres } from "./dom.js";
import * as door from "./door.js";
import * as feed from "./feed.js";
import * as queue from "./queue.js";
import * as store from "./store.js";

const STEPS = { acknowledge: "set_out", set_out: "arrive", arrive: "report" };
const EVERY = 10 * 60_000; // milliseconds between two looks at who is on duty
const TIMES = { acknowledge: "acknowledged_at", set_out: "set_out_at", arrive: "arrived_at" };

export const state = { visits: [], people: {}, waiting: [], online: navigator.onLine, fresh: null, here: null, signedOut: false, colleagues: { officers: [], units: [] },
  banks: [] };
let show = () => {};
let stop = null;
let met = 0;

export const shownBy = (render) => { show = render; };
export const find = (id) => state.visits.find((visit) => visit.id === id);
/** Visits with something that has to be seen. */
export const unseen = () => state.visits.filter((visit) => visit.unseen.length && visit.mine);

/** Begin where the phone was left: from what it kept, then with the centre. */
export async function begin() {
  state.visits = (await store.get("visits")) ?? [];
  state.fresh = (await store.get("fresh")) ?? null;
  state.colleagues = (await store.get("colleagues")) ?? state.colleagues;
  state.banks = (await store.get("banks")) ?? [];
  for (const name of await store.names("person:")) state.people[name.slice(7)] = await store.get(name);
  await count();
  stop ??= feed.follow(sync);
  await sync();
}

/** Somebody else takes the phone: what it knows goes; what the other wrote waits for them, sealed. */
export async function changeHands() {
  await store.forget();
  met = 0;
  Object.assign(state, { visits: [], people: {}, waiting: [], fresh: null, colleagues: { officers: [], units: [] } });
}

export async function end() {
  stop?.();
  stop = null;
  await door.signOut();
  await store.wipe();
  met = 0;
  Object.assign(state, { visits: [], people: {}, waiting: [], fresh: null, colleagues: { officers: [], units: [] }, signedOut: false });
  show();
}

async function count() {
  state.waiting = await queue.all();
}

/** Send what waits, read what has changed. Without signal it changes nothing. */
export async function sync() {
  if (!door.who()) return;
  try {
    await queue.drain(heard);
    if (!(await feed.look(changed))) await reload();
    await meet();
    reached(true);
  } catch (fault) {
    if (fault instanceof door.SignedOut) state.signedOut = true;
    else if (fault instanceof door.NoSignal) reached(false);
    else if (!(fault instanceof door.Refused)) throw fault;
    else if (fault.status === 403) state.signedOut = true;
  }
  await count();
  show();
}

function reached(online) {
  state.online = online;
  if (online) {
    state.signedOut = false;
    state.fresh = new Date(now()).toISOString();
    store.put("fresh", state.fresh);
  }
}

async function reload() {
  await feed.begin();
  state.visits = await door.ask("GET", "visits");
  await keep();
  await feed.look(changed);
}

/** Who may go instead of me; asked now and then, since duties change. */
async function meet() {
  if (Date.now() - met < EVERY) return;
  state.colleagues = await door.ask("GET", "colleagues");
  await store.put("colleagues", state.colleagues);
  met = Date.now();
}

/** A bank at which a payment was stopped comes first the next time. */
export async function stoppedAt(bank) {
  state.banks = [bank, ...state.banks.filter((one) => one !== bank)].slice(0, 8);
  await store.put("banks", state.banks);
}

async function changed({ changes, visits }) {
  for (const visit of visits) await heard(visit);
  const urgent = changes.some((news) => news.must_be_seen && !news.seen_at);
  if (urgent) navigator.vibrate?.([200, 100, 200]);
}

/** A visit as the centre has it: taken over, or let go once it has ended and nothing of it is unseen. */
async function heard(visit) {
  const waits = (await queue.all()).some((one) => one.visit === visit.id && !one.refused);
  const rest = state.visits.filter((known) => known.id !== visit.id);
  const before = find(visit.id);
  const ahead = waits && before && !visit.ended_at; // of the centre, which has not heard all of it yet
  const { late: _late, ...whole } = ahead ? { ...visit, ...ours(before) } : visit;
  state.visits = visit.ended_at && !visit.unseen.length ? rest : [...rest, whole];
  state.visits.sort((a, b) => b.score - a.score || a.id - b.id);
  if (visit.ended_at) await forget(visit.id);
  await keep();
}

/** What this phone has written and the centre may not have heard. */
const ours = ({ next, reported, officer, acknowledged_at, set_out_at, arrived_at }) => ({
  next, reported, officer, acknowledged_at, set_out_at, arrived_at,
});

async function forget(id) {
  delete state.people[id];
  await store.drop(`person:${id}`);
  for (const name of await store.names(`draft:${id}:`)) await store.drop(name);
}

const keep = () => store.put("visits", state.visits);

/** Open a visit: the person's data, once, for as long as the visit is ours; kept sealed for where there is no signal. */
export async function open(id) {
  const known = find(id);
  if (!known || state.people[id]?.opened || known.ended_at) return;
  try {
    const visit = await door.ask("GET", `visits/${id}`);
    state.people[id] = visit.person;
    if (visit.person.opened) await store.put(`person:${id}`, visit.person);
    await heard({ ...visit, person: known.person });
  } catch (fault) {
    if (!(fault instanceof door.NoSignal)) await sync();
  }
  show();
}

/** Write a step or anything else about a visit; shown at once, sent when there is signal. */
export async function write(visit, step, body = {}, blob = null) {
  await queue.write(visit, step, body, blob);
  const known = find(visit.id);
  const name = step.replace("-", "_");
  if (known && STEPS[name] && known.next === name) {
    known.next = STEPS[name];
    known[TIMES[name]] ??= new Date(now()).toISOString();
  }
  if (known && step === "report") Object.assign(known, { next: null, reported: true });
  if (known && step === "seen") known.unseen = [];
  if (known && body.officer) known.officer = state.colleagues.officers.find((one) => one.id === body.officer);
  if (known && step === "doorstep") known.doorstep = { ...known.doorstep, ...body.answers };
  await keep();
  await count();
  show();
  sync();
}

/** How far the phone is from where the person is thought to be, in metres; null where either is not known. */
export function distance(id, here = state.here) {
  const person = state.people[id];
  return here && person?.lat != null ? metres(here, person) : null;
}
