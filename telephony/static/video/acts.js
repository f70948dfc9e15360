// Forms that are answered in place: leaving the page would end the call.
"use strict";

for (const form of document.querySelectorAll("form[data-act]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = form.querySelector("[data-of=answer]");
    const button = form.querySelector("button:not([type=button])");
    button.disabled = true;
    let done = false;
    try {
      const reply = await fetch(form.dataset.act, { method: "POST", body: new FormData(form) });
      const told = await reply.json();
      answer.textContent = told.words;
      done = told.done;
    } catch (unreachable) {
      answer.textContent = "✗";
    }
    answer.classList.toggle("broken", !done);
    button.disabled = done && "once" in form.dataset;
  });
}
