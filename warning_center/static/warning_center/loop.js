// The work loop without leaving the page: forms are sent and cases opened in place, and nothing typed is lost.
"use strict";

const toast = () => document.getElementById("toast");
const work = () => document.getElementById("work");
const DRAFT = "draft:"; // in this tab only, until it is sent, or somebody logs out
let told = 0;
const sending = new Set(); // addresses under way
let sent = Promise.resolve();

function say(what, well = true) {
  const bar = toast();
  bar.textContent = what;
  bar.hidden = !what;
  bar.className = well ? "" : "bad";
  clearTimeout(told);
  if (well) told = setTimeout(() => (bar.hidden = true), 6000);
}

// Opening: the page's work is put in the place of what stood there.

function show(html, address) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const next = page.getElementById("work");
  if (!next) return false;
  asking?.abort(); // what is under way would bring the old page back
  work().replaceWith(document.adoptNode(next));
  document.title = page.title;
  if (address) history.pushState(null, "", address);
  restore();
  fold();
  tick();
  return true;
}

async function enter(address, push = true) {
  document.body.classList.add("loading");
  try {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fresh" } });
    if (!answer.ok || !show(await answer.text(), push ? answer.url : "")) location.assign(address);
  } catch {
    say(toast().dataset.lost, false);
  } finally {
    document.body.classList.remove("loading");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-go]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  enter(link.href);
});
addEventListener("popstate", () => enter(location.href, false));

// Sending: where it fails, the form stands as it was.

async function send(form, button) {
  const fields = new FormData(form, button);
  document.body.classList.add("loading");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { "X-Requested-With": "loop" } });
    if (new URL(answer.url).pathname.endsWith("/login/")) return say(toast().dataset.gone, false);
    if (answer.status === 403) return say(toast().dataset.barred, false);
    if (!(answer.headers.get("Content-Type") ?? "").includes("json")) {
      if (!answer.ok || !show(await answer.text(), "")) say(toast().dataset.lost, false);
      return;
    }
    const { url, said, well } = await answer.json();
    if (well) {
      forget(form);
      await enter(url, url !== location.pathname + location.search);
    }
    say(said, well);
    document.dispatchEvent(new Event("acted"));
  } catch {
    say(toast().dataset.lost, false);
  } finally {
    document.body.classList.remove("loading");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-loop]")) {
    if (form.action.endsWith("/logout/")) wipe();
    return;
  }
  event.preventDefault();
  if (sending.has(form.action)) return; // pressed twice
  sending.add(form.action);
  sent = sent.then(() => sendStill(form, event.submitter)).finally(() => sending.delete(form.action));
});

// A second key may be quicker than the answer to the first. It waits, and is done if its button still stands there
// then: what was meant for a case that has gone is never done to the next one.
async function sendStill(form, button) {
  const offered = [...document.forms].some((one) => one.action === form.action && !one.hidden);
  if (offered) await send(form, button);
  else say(toast().dataset.changed, false);
}

// The word after a contact: 1 ticks the identity, a letter chooses, Enter sends.

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.word");
  if (!form || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Enter") {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  const pick = form.querySelector(`[data-pick="${CSS.escape(event.key.toUpperCase())}"]`);
  if (!pick) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  pick.checked = true;
  pick.focus();
}, true);

// Drafts.

const place = (field) => `${DRAFT}${field.form.getAttribute("action")}:${field.name}`;

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-draft]")) sessionStorage.setItem(place(event.target), event.target.value);
});

function restore() {
  for (const field of document.querySelectorAll("[data-draft]")) {
    const kept = sessionStorage.getItem(place(field));
    if (!kept) continue;
    field.value = kept;
    field.closest("details")?.querySelector("summary").classList.add("drafted");
  }
}

function forget(form) {
  for (const field of form.querySelectorAll("[data-draft]")) {
    sessionStorage.removeItem(place(field));
    field.value = "";
  }
}

function wipe() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(DRAFT)) sessionStorage.removeItem(key);
}

// The help sheet lists the keys that stand on the page.

document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.target.closest("input, select, textarea")) return;
  const sheet = document.getElementById("keys");
  const list = sheet.querySelector("dl");
  list.replaceChildren();
  for (const one of document.querySelectorAll("[data-key], [data-pick]")) {
    if (one.closest("[hidden]")) continue;
    const term = document.createElement("dt");
    const words = document.createElement("dd");
    const label = one.matches("[data-pick]") ? one.parentElement : one;
    term.textContent = one.dataset.key ?? `1 ${one.dataset.pick}`;
    words.textContent = label.getAttribute("aria-label") ?? [...label.childNodes].filter((n) => n.nodeName !== "KBD" && n.nodeName !== "INPUT").map((n) => n.textContent).join(" ");
    list.append(term, words);
  }
  if (!sheet.open) sheet.showModal();
});

// One sound for a new critical case, where it is switched on; a browser plays it once somebody has pressed something.

let sounding = null;
const silent = () => localStorage.getItem("sound") === "off";

function showSound() {
  const button = document.getElementById("sound");
  if (!button) return;
  button.setAttribute("aria-pressed", String(!silent()));
  button.firstElementChild.textContent = silent() ? button.dataset.off : button.dataset.on;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#sound")) return;
  localStorage.setItem("sound", silent() ? "on" : "off");
  showSound();
});

document.addEventListener("critical", () => {
  document.body.dataset.sounded = String(Number(document.body.dataset.sounded ?? 0) + (silent() ? 0 : 1));
  if (silent()) return;
  sounding ??= new AudioContext();
  sounding.resume();
  const [tone, loud] = [sounding.createOscillator(), sounding.createGain()];
  tone.frequency.setValueAtTime(880, sounding.currentTime);
  tone.frequency.setValueAtTime(660, sounding.currentTime + 0.18);
  loud.gain.setValueAtTime(0.2, sounding.currentTime);
  loud.gain.exponentialRampToValueAtTime(0.001, sounding.currentTime + 0.5);
  tone.connect(loud).connect(sounding.destination);
  tone.start();
  tone.stop(sounding.currentTime + 0.5);
});

// On a small screen the script folds.

function fold() {
  const script = document.getElementById("script");
  if (script && innerWidth < 1400) script.open = false;
  showSound();
}

restore();
fold();
