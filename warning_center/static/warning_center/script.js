// The script beside a case: keys step through the situations, marks are sent without leaving the page.
"use strict";

(() => {
  const card = document.getElementById("script");
  if (!card) return;
  const choice = card.querySelector("select[name=situation]");
  let own = false; // somebody has chosen: facts no longer do

  const show = () => {
    for (const tab of card.querySelectorAll("[data-tab]")) tab.hidden = tab.dataset.tab !== choice.value;
  };

  choice.addEventListener("change", () => {
    own = true;
    show();
  });

  for (const button of card.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => {
      own = true;
      const many = choice.options.length;
      choice.selectedIndex = (choice.selectedIndex + Number(button.dataset.step) + many) % many;
      show();
    });
  }

  // What the facts say is a live part; until somebody has chosen, the script follows it.
  new MutationObserver(() => {
    const told = card.querySelector("[data-situation]")?.dataset.situation;
    if (told && !own && told !== choice.value) {
      choice.value = told;
      show();
    }
  }).observe(document.getElementById("script-now"), { childList: true, subtree: true });

  card.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const status = card.querySelector("[data-of=mark]");
    const sent = new FormData(form, event.submitter);
    const shown = card.querySelector(`[data-tab="${choice.value}"] input[name=sentence]:checked`);
    sent.delete("sentence"); // one of another situation, perhaps
    if (shown) sent.set("sentence", shown.value);
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: sent,
        headers: { "X-Requested-With": "script" },
      });
      const told = await answer.json();
      status.textContent = `${told.done ? "✓" : "⚠"} ${event.submitter.textContent.trim()} · ${told.words}`;
    } catch {
      status.textContent = `⚠ ${form.dataset.lost}`;
    }
  });
  show();
})();
