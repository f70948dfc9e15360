// The officers' page: what is pressed, and where it leads. One screen at a time, drawn anew from the state.

import { filled, metres, position, refill, shrink } from "./dom.js";
import * as door from "./door.js";
import * as queue from "./queue.js";
import * as screens from "./screens.js";
import * as store from "./store.js";
import * as work from "./work.js";
import { other, speak, spoken, t } from "./words.js";

const part = (id) => document.getElementById(id);
let here = { screen: "list", id: null, more: null };
let fault = "";

const SCREENS = {
  list: screens.list,
  visit: screens.one,
  report: screens.report,
  order: screens.order,
  people: screens.people,
  note: screens.note,
  photo: screens.photo,
  queue: screens.queue,
  reassign: screens.reassign,
  reinforce: (act, id) => screens.because(act, id, "reinforce", t("More officers")),
  "hand-back": (act, id) => screens.because(act, id, "hand-back", t("Cannot go")),
  far: (act, id) => screens.because(act, id, "far", t("Far from the address: why?")),
};

async function send(visit, step, body, blob) {
  await work.write(visit, step, body, blob);
}

const act = {
  go(screen, id = null, more = null) {
    here = { screen, id, more };
    history.pushState(null, "", `#${screen}${id ? `/${id}` : ""}`);
    draw();
    scrollTo(0, 0);
  },
  open(id) {
    act.go("visit", id);
    work.open(id);
  },
  turn() {
    speak(other());
    door.speak(spoken());
    draw();
  },
  async signIn(event) {
    event.preventDefault();
    const said = filled(event.target);
    const before = door.who()?.username;
    fault = "";
    try {
      if (before && before !== said.username) await work.changeHands();
      await door.signIn(said.username, event.target.password.value);
      work.state.signedOut = false;
      await work.begin();
      if (here.screen !== "list") act.go("list");
    } catch (wrong) {
      fault = wrong instanceof door.NoSignal ? t("No signal: signing in needs it.") : wrong.message;
    }
    draw();
  },
  async leave() {
    const waits = work.state.waiting.length;
    if (waits && !confirm(t("{n} not sent yet will be lost. Sign out all the same?", { n: waits }))) return;
    here = { screen: "list", id: null, more: null };
    await work.end();
  },
  async deed(visit) {
    if (visit.next === "report") return act.go("report", visit.id);
    if (visit.next !== "arrive") return send(visit, visit.next.replace("_", "-"));
    return arrive(visit);
  },
  seen: (visit) => send(visit, "seen", { news: visit.unseen.map((news) => news.id) }),
  async report(event, visit) {
    event.preventDefault();
    const said = filled(event.target);
    const [kind, code] = said.word.split(":");
    if (said.identified) await send(visit, "identify");
    const answers = {};
    for (const [name, yes] of Object.entries(said)) if (name.startsWith("door:")) answers[name.slice(5)] = yes;
    if (Object.keys(answers).length && kind === "disposition") await send(visit, "doorstep", { answers });
    await send(visit, "report", { [kind]: code, note: said.note });
    await done(event.target, visit);
  },
  async form(event, visit, step) {
    event.preventDefault();
    const said = Object.fromEntries(Object.entries(filled(event.target)).filter(([, text]) => text !== ""));
    if (step === "far" && here.more) {
      await queue.again(here.more, said);
      work.sync();
    } else if (step === "far") await send(visit, "arrive", { ...work.state.here, ...said });
    else await send(visit, step, step in SAID ? SAID[step](said) : said);
    if (said.bank) await work.stoppedAt(said.bank);
    await done(event.target, visit);
  },
  async photo(event, visit) {
    const [file] = event.target.files;
    if (!file) return;
    await send(visit, "photos", {}, await shrink(file));
    act.go("visit", visit.id);
  },
  async dismiss(one) {
    await queue.dismiss(one.id);
    await work.sync();
  },
};

/** A bank that is typed counts before one that is pressed. */
const stop = ({ other: typed, ...said }) => (typed ? { ...said, bank: typed } : said);

/** `officer:7` or `unit:7`, as the door takes it. */
function instead({ to, ...said }) {
  const [kind, id] = to.split(":");
  return { ...said, [kind]: Number(id) };
}

const SAID = { reassign: instead, order: stop };

async function arrive(visit) {
  work.state.here = await position();
  const person = work.state.people[visit.id];
  const at = work.state.here;
  const far = at && person?.lat != null && metres(at, person) - at.accuracy > visit.tolerance_metres;
  if (far) return act.go("far", visit.id);
  return send(visit, "arrive", at ?? {});
}

/** A form has been sent: what was typed into it need not be kept any more. */
async function done(form, visit) {
  if (form.dataset.draft) await store.drop(form.dataset.draft);
  act.go("visit", visit.id);
}

/** Everything typed is kept as it is typed, and stands there again whatever happened meanwhile. */
async function keepTyped(event) {
  const form = event.target.form;
  if (form?.dataset.draft) await store.put(form.dataset.draft, filled(form));
}

async function restore(form) {
  const said = form ? await store.get(form.dataset.draft) : null;
  if (said && form.isConnected) refill(form, said);
}

let drawn = "";

function draw() {
  const inside = door.who()?.token && !work.state.signedOut;
  const place = inside ? `${here.screen}/${here.id}/${spoken()}` : `sign-in/${spoken()}/${fault}`;
  const typing = part("screen").querySelector("form");
  part("top").replaceChildren(inside ? screens.bar(act) : "", inside ? screens.stale() ?? "" : "");
  part("over").replaceChildren((inside && screens.urgent(act)) || "");
  if (!typing || place !== drawn) {
    drawn = place;
    const visit = work.find(here.id);
    const screen = here.id && !visit && here.screen !== "visit" ? "visit" : here.screen;
    act.username = door.who()?.username;
    part("screen").replaceChildren(inside ? SCREENS[screen](act, here.id) : screens.signIn(act, fault));
    restore(part("screen").querySelector("form[data-draft]"));
    part("screen").querySelector("[data-first]")?.focus();
  }
  const now = inside && here.screen === "visit" ? screens.deed(act, work.find(here.id)) : null;
  part("deed").replaceChildren(now ?? "");
  document.title = `${t("My work")} · ${t("Warning Center")}`;
}

function back() {
  const [screen, id] = location.hash.slice(1).split("/");
  here = { screen: screen in SCREENS ? screen : "list", id: id ? Number(id) : null, more: null };
  draw();
}

async function start() {
  speak(spoken());
  door.speak(spoken());
  work.shownBy(draw);
  addEventListener("popstate", back);
  addEventListener("online", work.sync);
  addEventListener("offline", () => { work.state.online = false; draw(); });
  document.addEventListener("visibilitychange", () => document.hidden || work.sync());
  document.addEventListener("input", keepTyped);
  setInterval(screens.tick, 1000);
  navigator.serviceWorker?.register("/field/worker.js", { scope: "/field/" });
  navigator.storage?.persist?.();
  if (location.hash) back();
  if (await door.resume()) {
    draw();
    await work.begin();
  }
  draw();
}

start();
