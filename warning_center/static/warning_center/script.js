// The script beside a case: keys step through the situations, marks are sent without leaving the page. The page's work is
// put in place anew for each case, so everything is heard on the document.
"use strict";

const script = () => document.getElementById("script");
const situation = (card) => card.querySelector("select[name=situation]");

function turn(card, code) {
  situation(card).value = code;
  for (const tab of card.querySelectorAll("[data-tab]")) tab.hidden = tab.dataset.tab !== code;
}

// Until somebody has chosen, the script follows what the facts say.
function follow() {
  const card = script();
  const told = card?.querySelector("[data-situation]")?.dataset.situation;
  if (told && !card.dataset.chosen && told !== situation(card).value) turn(card, told);
}
new MutationObserver(follow).observe(document.body, { childList: true, subtree: true });

document.addEventListener("change", (event) => {
  const card = event.target.closest("#script");
  if (!card || event.target !== situation(card)) return;
  card.dataset.chosen = "1";
  turn(card, event.target.value);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("#script [data-step]");
  if (!button) return;
  const card = script();
  const choice = situation(card);
  const many = choice.options.length;
  card.dataset.chosen = "1";
  turn(card, choice.options[(choice.selectedIndex + Number(button.dataset.step) + many) % many].value);
});

document.addEventListener("submit", async (event) => {
  const card = event.target.closest("#script");
  if (!card) return;
  event.preventDefault();
  const form = event.target;
  const status = card.querySelector("[data-of=mark]");
  const sent = new FormData(form, event.submitter);
  const shown = card.querySelector(`[data-tab="${situation(card).value}"] input[name=sentence]:checked`);
  sent.delete("sentence"); // one of another situation, perhaps
  if (shown) sent.set("sentence", shown.value);
  try {
    const answer = await fetch(form.action, { method: "POST", body: sent, headers: { "X-Requested-With": "script" } });
    const told = await answer.json();
    status.textContent = `${told.done ? "✓" : "⚠"} ${event.submitter.textContent.trim()} · ${told.words}`;
  } catch {
    status.textContent = `⚠ ${form.dataset.lost}`;
  }
});
