// Live parts fetch themselves anew without moving what somebody points at; keys press the buttons that name them.
"use strict";

const EVERY = 5000;
const live = () => document.querySelectorAll("[data-fresh]");
const along = () => document.querySelectorAll("[data-fresh], [data-fresh-along]"); // the latter ask for nothing by themselves

function inUse(part) {
  const begun = [...part.querySelectorAll("select, input:not([type=hidden])")].some((field) => field.value !== "");
  return begun || part.querySelector("details[open]") || part.matches(":hover") || part.contains(document.activeElement);
}

function stale(since) {
  const bar = document.querySelector("[data-stale]");
  if (!bar) return;
  bar.hidden = since === null;
  if (since) bar.textContent = bar.dataset.stale.replace("{time}", since);
}

let last = new Date();

async function freshen() {
  if (document.hidden || !live().length) return;
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "fresh" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of along()) {
      const now = page.getElementById(part.id);
      if (now && !inUse(part) && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
    }
    last = new Date();
    stale(null);
  } catch {
    stale(last.toLocaleTimeString(document.documentElement.lang));
  }
}

if (live().length) setInterval(freshen, EVERY);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, select, textarea")) return;
  const key = event.key === "?" ? "?" : event.key.toUpperCase();
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return;
  event.preventDefault();
  target.focus();
  if (!target.matches("input")) target.click();
  const menu = target.closest("details");
  if (menu && !target.matches("summary")) menu.open = true;
  const field = menu?.querySelector("input:not([type=hidden]), select");
  if (field) field.focus();
});

// A menu shuts when another opens or somebody presses elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menus details[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
