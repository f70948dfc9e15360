// The desk's bar: a sign of life every few seconds, and what the desk's row then says.
"use strict";

const BEATS = 5000;
const seat = document.querySelector("[data-beat]");

function tell(told) {
  const part = (name) => seat.querySelector(`[data-of="${name}"]`);
  seat.dataset.seat = told.state;
  for (const name of ["words", "reason", "after", "told"]) part(name).textContent = told[name];
  const since = part("since");
  since.dateTime = told.since;
  since.textContent = told.lasts;
  const link = part("case");
  link.hidden = !told.case;
  link.textContent = told.case?.number ?? "";
  if (told.case?.url) link.href = told.case.url;
  else link.removeAttribute("href");
  for (const form of seat.querySelectorAll("[data-act]")) {
    form.hidden = !told.acts.includes(form.dataset.act);
    const call = form.querySelector("[name=call]");
    if (call) call.value = told.call ?? "";
  }
}

async function beat() {
  const lost = seat.querySelector('[data-of="lost"]');
  try {
    const token = seat.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(seat.dataset.beat, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    tell(await answer.json());
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}

if (seat) {
  beat();
  setInterval(beat, BEATS); // in a hidden tab too: the lease is longer than a browser makes it wait
}
