// What the screens look like, from the state alone; what is pressed is told to `act`.

import { now } from "./clock.js";
import { h } from "./dom.js";
import { distance, find, state, unseen } from "./work.js";
import { ago, banks, clock, left, named, other, questions, source, t } from "./words.js";

const MARKS = { critical: "▲▲", high: "▲", medium: "●", low: "○" };
const DEEDS = { acknowledge: "Take it", set_out: "Set out", arrive: "Arrived", report: "Report" };
const RESULTS = { visit: ["not_there", "refuses_door", "wrong_address"], follow_up: ["no_loss", "loss", "not_found", "refused", "relapse"] };
const DISPOSITIONS = ["persuaded", "not_persuaded", "denies", "already_transferred", "false_alarm", "wrong_person"];

export function bar(act) {
  const waiting = state.waiting.filter((one) => !one.refused).length;
  const refused = state.waiting.length - waiting;
  return h("div", { class: "bar" },
    h("button", { class: "plain name", onclick: () => act.go("list") }, t("My work")),
    h("span", { class: state.online ? "on" : "off", role: "status" }, state.online ? `● ${t("online")}` : `○ ${t("offline")}`),
    h("button", { class: waiting || refused ? "plain waits" : "plain", onclick: () => act.go("queue") },
      t("{n} to send", { n: waiting }), refused ? ` · ⚠ ${refused}` : ""),
    h("button", { class: "plain", lang: other() === "en" ? "en" : "zh-CN", onclick: act.turn }, other() === "en" ? "EN" : "中"));
}

export function stale() {
  if (state.online || !state.fresh) return null;
  return h("p", { class: "stale", role: "status" },
    t("No signal. What you see stands since {time}; what you write is kept and sent later.", { time: clock(state.fresh) }));
}

/** What must be seen slides over everything. */
export function urgent(act) {
  const [visit] = unseen();
  if (!visit) return null;
  return h("section", { class: "urgent", role: "alertdialog", "aria-label": t("News") },
    visit.unseen.map((news) => h("p", {}, h("b", {}, `⚠ ${named("news", news.kind)}`), ` · ${clock(news.at)}`)),
    h("p", {}, title(visit)),
    h("button", { class: "deed", onclick: () => act.seen(visit) }, t("Seen")));
}

export function signIn(act, fault) {
  return h("form", { class: "sheet", onsubmit: act.signIn },
    h("h1", {}, t("Warning Center"), " · ", t("Officers")),
    fault ? h("p", { class: "fault", role: "alert" }, fault) : null,
    h("label", {}, t("user name"), h("input", { name: "username", autocomplete: "username", required: true, value: act.username ?? "" })),
    h("label", {}, t("password"), h("input", { name: "password", type: "password", autocomplete: "current-password", required: true })),
    h("button", { class: "deed" }, t("Sign in")),
    state.waiting.length ? h("p", {}, t("{n} to send", { n: state.waiting.length })) : null,
    h("p", { class: "meta" }, t("Signing out removes everything from this phone.")));
}

export function list(act) {
  const shown = state.visits.filter((visit) => !visit.ended_at);
  if (!shown.length) return h("p", { class: "empty" }, t("Nothing to do. A new visit appears here by itself."));
  return h("ul", { class: "cards" }, shown.map((visit) => h("li", {},
    h("button", { class: `card level-${visit.level}`, onclick: () => act.open(visit.id) }, head(visit), place(visit), who(visit)))));
}

const title = (visit) => `${named("level", visit.level)} · ${named("fraud", visit.fraud_type)} · ${visit.case}`;

const isLate = (moment) => Date.parse(moment) < now();

/** Promises go on while the rest of the screen stands still. */
export function tick() {
  for (const one of document.querySelectorAll("[data-due]")) {
    one.textContent = left(one.dataset.due);
    one.className = isLate(one.dataset.due) ? "late" : "left";
  }
}

function head(visit) {
  return h("span", { class: "head" },
    h("b", { class: "level" }, `${MARKS[visit.level]} ${named("level", visit.level)}`),
    visit.tier === "follow_up" ? h("span", {}, t("check")) : null,
    visit.reinforced ? h("span", {}, t("reinforced")) : null,
    visit.officer ? h("span", {}, visit.officer.name) : null,
    h("time", { datetime: visit.sent_at, title: visit.sent_at }, ago(visit.sent_at)),
    visit.due_at && !visit.reported ? h("span", { class: isLate(visit.due_at) ? "late" : "left", "data-due": visit.due_at }, left(visit.due_at)) : null);
}

function place(visit) {
  const person = state.people[visit.id];
  const away = distance(visit.id);
  return h("span", { class: "place" }, person?.opened ? person.address : visit.person.address || "",
    away === null ? "" : ` · ${away < 1000 ? `${Math.round(away)} m` : `${(away / 1000).toFixed(1)} km`}`,
    visit.place_at ? h("small", {}, ` ${t("place known {ago}", { ago: ago(visit.place_at) })}`) : null);
}

function who(visit) {
  const person = state.people[visit.id]?.opened ? state.people[visit.id] : visit.person;
  const age = person.birth_year ? String(new Date(now()).getFullYear() - person.birth_year) : "";
  const sex = { male: t("male"), female: t("female") }[person.sex] ?? "";
  return h("span", { class: "who" }, [person.name, age, sex, named("fraud", visit.fraud_type)].filter(Boolean).join(" "));
}

export function one(act, id) {
  const visit = find(id);
  if (!visit) return h("p", { class: "empty" }, t("This visit is no longer yours."));
  const person = state.people[id];
  return h("article", { class: `visit level-${visit.level}` },
    head(visit), h("h1", {}, who(visit)), place(visit),
    person?.opened ? numbers(person) : h("p", { class: "meta" }, t("Opened when there is signal; that you looked is on record.")),
    visit.officer ? h("p", {}, t("{name} goes", { name: visit.officer.name })) : null,
    way(visit),
    visit.reported ? h("p", { class: "done" }, t("Reported; it is sent as soon as there is signal.")) : null,
    visit.order ? h("p", {}, `${t("Stop payment")}: ${named("order", visit.order.state)}`) : null,
    h("nav", { class: "more" }, extras(visit).map(([screen, text]) => h("button", { onclick: () => act.go(screen, id) }, t(text)))));
}

function extras(visit) {
  if (visit.reported) return [["note", "Note"], ["photo", "Photo"]];
  const all = [["order", "Stop payment"], ["people", "Who else"], ["note", "Note"], ["photo", "Photo"]];
  if (visit.tier === "visit" && !visit.reinforced) all.push(["reinforce", "More officers"]);
  if (visit.tier === "visit" && visit.next !== "report") all.push(["hand-back", "Cannot go"]);
  if (visit.tier === "visit" && others(visit).length) all.push(["reassign", "Somebody else goes"]);
  return all;
}

function numbers(person) {
  const call = (number) => h("a", { class: "call", href: `tel:${number}` }, `☎ ${number}`);
  return h("div", { class: "numbers" }, person.phones.map(call),
    person.contacts.map((one) => h("span", {}, `${one.relation} ${one.name} `, call(one.phone))));
}

function way(visit) {
  const steps = [["acknowledged_at", "Take it"], ["set_out_at", "Set out"], ["arrived_at", "Arrived"]];
  return visit.tier !== "visit" ? null : h("ol", { class: "way" }, steps.map(([name, text]) =>
    h("li", { class: visit[name] ? "done" : "" }, visit[name] ? `✓ ${t(text)} ${clock(visit[name])}` : t(text))));
}

/** The one large button, and the word it has in the other language beside it. */
export function deed(act, visit) {
  if (!visit?.next || visit.reported) return null;
  const text = DEEDS[visit.next];
  return h("button", { class: "deed", onclick: () => act.deed(visit) }, t(text), h("small", {}, t(text, {}, other())));
}

export function report(act, id) {
  const visit = find(id);
  const words = visit.tier === "visit" ? DISPOSITIONS.map((code) => ["disposition", code]) : [];
  words.push(...RESULTS[visit.tier].map((code) => ["result", code]));
  return h("form", { class: "sheet", "data-draft": `draft:${id}:report`, onsubmit: (event) => act.report(event, visit) },
    h("h1", {}, t("Report")),
    visit.tier === "visit" ? h("label", { class: "tick" }, h("input", { type: "checkbox", name: "identified" }), t("Identity checked by their card")) : null,
    h("fieldset", {}, h("legend", {}, t("What was met")), words.map(([kind, code]) => h("label", { class: "tick" },
      h("input", { type: "radio", name: "word", value: `${kind}:${code}`, required: true }), named(kind, code)))),
    visit.tier === "visit" ? doorstep(visit) : null,
    h("label", {}, t("Why, in your words"), h("textarea", { name: "note", rows: 3, maxlength: 2000, required: true })),
    h("button", { class: "deed" }, t("Send the report")));
}

function doorstep(visit) {
  return h("fieldset", {}, h("legend", {}, t("At the door")),
    questions().map((one) => h("label", { class: "tick" },
      h("input", { type: "checkbox", name: `door:${one.code}`, checked: visit.doorstep[one.code] ?? false }), one.text)),
    h("p", { class: "meta" }, source()));
}

/** Seconds count: the account is typed at once, the bank pressed, the amount stands there as it was reported. */
export function order(act, id) {
  return sheet(act, id, "order", t("Stop payment"), [
    h("label", {}, t("scam account"), h("input", { name: "account", required: true, maxlength: 64, inputmode: "numeric", autocomplete: "off", "data-first": true })),
    h("fieldset", {}, h("legend", {}, t("bank")), h("div", { class: "chips" }, recentFirst(banks()).map((bank) =>
      h("label", { class: "chip" }, h("input", { type: "radio", name: "bank", value: bank.name }), h("span", {}, bank.text)))),
    h("label", {}, t("another bank"), h("input", { name: "other", maxlength: 64 }))),
    h("label", {}, t("amount in yuan"), h("input", { name: "amount", inputmode: "decimal", pattern: "[0-9]{1,12}([.][0-9]{1,2})?",
      value: String(state.people[id]?.amount ?? "") })),
    h("label", {}, t("account holder"), h("input", { name: "holder", maxlength: 64 }))], t("Draft the order"));
}

/** What this phone has stopped payments at comes first. */
function recentFirst(all) {
  const rank = (bank) => (state.banks.includes(bank.name) ? state.banks.indexOf(bank.name) : Infinity);
  return all.map((bank, n) => [rank(bank), n, bank]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , bank]) => bank);
}

export function people(act, id) {
  return sheet(act, id, "people", t("Who else"), [
    h("label", {}, t("relation"), h("input", { name: "relation", required: true, maxlength: 32 })),
    h("label", {}, t("their name"), h("input", { name: "name", required: true, maxlength: 64 })),
    h("label", {}, t("telephone"), h("input", { name: "phone", type: "tel", maxlength: 40 }))], t("Keep"));
}

export const note = (act, id) => sheet(act, id, "note", t("Note"), [
  h("label", {}, t("In your words"), h("textarea", { name: "text", rows: 6, maxlength: 2000, required: true }))], t("Keep"));

export const because = (act, id, step, heading) => sheet(act, id, step, heading, [
  h("label", {}, t("Why, in your words"), h("textarea", { name: "why", rows: 4, maxlength: 2000, required: true }))], t("Send"));

/** Who may go instead: [[kind, heading, [{id, name}]]], as the phone last heard. */
function others(visit) {
  const { officers, units } = state.colleagues;
  const all = [];
  if (visit.mine) all.push(["officer", "colleagues on duty", officers.filter((one) => one.id !== visit.officer?.id)]);
  if (!visit.arrived_at) all.push(["unit", "units on duty", units.filter((one) => one.id !== visit.unit.id)]);
  return all.filter(([, , some]) => some.length);
}

export function reassign(act, id) {
  const groups = others(find(id)).map(([kind, heading, some]) => h("optgroup", { label: t(heading) },
    some.map((one) => h("option", { value: `${kind}:${one.id}` }, one.name))));
  return sheet(act, id, "reassign", t("Somebody else goes"), [
    h("label", {}, t("who goes"), h("select", { name: "to", required: true }, h("option", { value: "" }), groups)),
    h("label", {}, t("Why, in your words"), h("textarea", { name: "why", rows: 3, maxlength: 2000, required: true }))], t("Send"));
}

export const photo = (act, id) => h("section", { class: "sheet" }, h("h1", {}, t("Photo")),
  h("label", { class: "deed" }, t("Take a photo"),
    h("input", { type: "file", accept: "image/*", capture: "environment", hidden: true, onchange: (event) => act.photo(event, find(id)) })));

function sheet(act, id, step, heading, fields, word) {
  return h("form", { class: "sheet", "data-draft": `draft:${id}:${step}`, onsubmit: (event) => act.form(event, find(id), step) },
    h("h1", {}, heading), fields, h("button", { class: "deed" }, word));
}

export function queue(act) {
  const steps = { acknowledge: "Take it", "set-out": "Set out", arrive: "Arrived", report: "Report", order: "Stop payment",
    people: "Who else", note: "Note", photos: "Photo", reinforce: "More officers", "hand-back": "Cannot go",
    reassign: "Somebody else goes", identify: "Identity checked by their card", doorstep: "At the door", seen: "Seen" };
  return h("section", { class: "sheet" }, h("h1", {}, t("{n} to send", { n: state.waiting.length })),
    state.waiting.length ? null : h("p", { class: "empty" }, t("Everything has been sent.")),
    h("ol", { class: "queue" }, state.waiting.map((one) => h("li", { class: one.refused ? "refused" : "" },
      h("b", {}, t(steps[one.step] ?? one.step)), ` ${clock(one.body.at)} · ${find(one.visit)?.case ?? one.visit}`,
      one.body.note || one.body.why || one.body.text ? h("p", {}, one.body.note || one.body.why || one.body.text) : null,
      one.refused ? h("p", { class: "fault" }, `⚠ ${one.refused.why}`) : null,
      one.refused?.code === "far-away" ? h("button", { onclick: () => act.go("far", one.visit, one) }, t("Say why")) : null,
      one.refused ? h("button", { onclick: () => act.dismiss(one) }, t("Understood")) : null))),
    h("button", { class: "plain", onclick: act.leave }, t("Sign out")));
}
