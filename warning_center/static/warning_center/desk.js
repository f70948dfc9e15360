// The desk's bar: a sign of life every few seconds, and what the desk's row then says.
"use strict";

const BEATS = 5000;
const seat = document.querySelector("[data-beat]");

function lead(link, to) {
  link.textContent = to?.number ?? "";
  if (to?.url) link.href = to.url;
  else link.removeAttribute("href");
}

function tell(told) {
  const part = (name) => seat.querySelector(`[data-of="${name}"]`);
  seat.dataset.seat = told.state;
  for (const name of ["words", "reason", "after", "wrap", "told"]) part(name).textContent = told[name];
  const since = part("since");
  since.dateTime = told.since;
  since.textContent = told.lasts;
  part("case").hidden = !told.case;
  part("owed").hidden = !told.owes;
  lead(part("case"), told.case);
  lead(part("owes"), told.owes);
  for (const form of seat.querySelectorAll("[data-act]")) {
    form.hidden = !told.acts.includes(form.dataset.act);
    const call = form.querySelector("[name=call]");
    if (call) call.value = told.call ?? "";
  }
}

// The case of a call that has come to this desk opens by itself, unless somebody is writing.
let popped = null;

function pop(told) {
  if (!told.case?.url || told.call === popped) return;
  popped = told.call;
  const writing = document.activeElement?.matches("input:not([type=checkbox], [type=radio]), textarea");
  if (told.case.url !== location.pathname && !writing && typeof enter === "function") enter(told.case.url);
}

async function beat() {
  const lost = seat.querySelector('[data-of="lost"]');
  try {
    const token = seat.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(seat.dataset.beat, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const told = await answer.json();
    tell(told);
    pop(told);
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}

if (seat) {
  beat();
  document.addEventListener("acted", beat);
  setInterval(beat, BEATS); // in a hidden tab too: the lease is longer than a browser makes it wait
}
