// Live parts fetch themselves anew without moving what somebody points at; keys press the buttons that name them.
"use strict";

const EVERY = 5000;
const live = () => document.querySelectorAll("[data-fresh]");
const along = () => document.querySelectorAll("[data-fresh], [data-fresh-along]"); // the latter ask for nothing by themselves
const words = (part) => part.innerHTML.replace(/<input[^>]*csrfmiddlewaretoken[^>]*>/g, "");

function inUse(part) {
  const begun = [...part.querySelectorAll("select, input:not([type=hidden], [type=radio], [type=checkbox])")].some((field) => field.value !== "");
  const ticked = [...part.querySelectorAll("[type=radio], [type=checkbox]")].some((field) => field.checked !== field.defaultChecked);
  return begun || ticked || part.querySelector("details[open]") || part.matches(":hover") || part.contains(document.activeElement);
}

function stale(since) {
  const bar = document.querySelector("[data-stale]");
  if (!bar) return;
  bar.hidden = since === null;
  if (since) bar.textContent = bar.dataset.stale.replace("{time}", since);
}

// Rows that stand in both are brought up to date where they stand; rows come, go and change places only where
// nobody points. What is new is told to whoever listens: a new critical case sounds.
function patchRows(part, now) {
  const rows = (of) => [...of.querySelectorAll("tbody > tr[id]")];
  const old = new Map(rows(part).map((row) => [row.id, row]));
  const fresh = rows(now);
  if (!old.size || !fresh.length) {
    if (!inUse(part) && words(part) !== words(now)) part.innerHTML = now.innerHTML;
  } else {
    for (const row of fresh) {
      const known = old.get(row.id);
      if (!known || known.contains(document.activeElement)) continue;
      known.dataset.level = row.dataset.level;
      known.classList.toggle("mine", row.classList.contains("mine"));
      if (known.innerHTML !== row.innerHTML && !known.matches(":hover")) known.innerHTML = row.innerHTML;
    }
    if (!inUse(part)) part.querySelector("tbody").replaceChildren(...fresh.map((row) => old.get(row.id) ?? arrive(row)));
  }
  const come = fresh.filter((row) => !old.has(row.id) && row.dataset.level === "4").map((row) => row.id);
  if (come.length) document.dispatchEvent(new CustomEvent("critical", { detail: come }));
}

function arrive(row) {
  row.classList.add("new");
  return document.importNode(row, true);
}

let last = new Date();
let asking = null;

async function freshen() {
  if (asking || !live().length) return;
  asking = new AbortController();
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "fresh" }, signal: asking.signal });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of along()) {
      const now = page.getElementById(part.id);
      if (!now) continue;
      if (part.dataset.fresh === "rows") patchRows(part, now);
      else if (!inUse(part) && words(now) !== words(part)) part.innerHTML = now.innerHTML;
    }
    last = new Date();
    stale(null);
    tick();
  } catch (fault) {
    if (fault.name !== "AbortError") stale(last.toLocaleTimeString(document.documentElement.lang));
  } finally {
    asking = null;
  }
}

if (live().length || document.getElementById("work")) setInterval(freshen, EVERY);

// Countdowns go on by themselves between two answers; a promise that breaks meanwhile counts up, with its mark.
const started = new WeakMap();
const two = (n) => String(n).padStart(2, "0");

function span(seconds) {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-left]")) {
    const seconds = Number(time.dataset.left);
    if (!started.has(time)) started.set(time, performance.now());
    const left = Math.round(seconds - (performance.now() - started.get(time)) / 1000);
    if (Math.abs(left) >= 172800) continue; // days, as the server said
    if (time.dataset.then !== undefined) time.textContent = left > 0 ? span(left) : time.dataset.then;
    else time.textContent = (left < 0 ? "+" : "") + span(Math.abs(left));
    const holder = time.parentElement;
    if (time.dataset.then !== undefined || !holder.matches(".promise, .broken")) continue;
    holder.className = left < 0 ? "broken" : left <= 60 ? "promise near" : "promise well";
    if (left < 0 && !holder.textContent.includes("✗")) holder.append(" ✗");
  }
  for (const time of document.querySelectorAll("time[data-since]")) {
    if (!started.has(time)) started.set(time, performance.now() - Number(time.dataset.gone ?? 0) * 1000);
    time.textContent = span(Math.max(0, Math.floor((performance.now() - started.get(time)) / 1000)));
  }
}
tick();
setInterval(tick, 1000);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  const key = event.key === "?" ? "?" : event.key.toUpperCase();
  const named = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter((one) => !one.closest("[hidden]"));
  const target = named.find((one) => one.checkVisibility()) ?? named[0]; // a fold-out opens for its keys
  if (!target) return;
  event.preventDefault();
  const field = target.querySelector?.("input");
  (target.matches("label") && field ? field : target).focus();
  if (!target.matches("input, select") && !(target.matches(".tick") && field?.checked)) target.click();
  const menu = target.closest("details:not([data-key]):not(.script)");
  if (menu && !target.matches("summary")) menu.open = true;
  menu?.querySelector("input:not([type=hidden]), select")?.focus();
});

// A menu shuts when another opens or somebody presses elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menus details[open], .acts details[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
