// The shift's board: a press on a name chooses the desk; L and W listen and whisper there.
"use strict";

(() => {
  const choice = document.getElementById("shift-operator");
  const mark = () => {
    for (const row of document.querySelectorAll("[data-operator]")) {
      row.classList.toggle("chosen", row.dataset.operator === choice.value);
    }
  };

  choice.addEventListener("change", mark);
  new MutationObserver(mark).observe(document.getElementById("board-seated"), { childList: true });

  document.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]");
    if (!pick) return;
    if (![...choice.options].some((option) => option.value === pick.dataset.pick)) {
      choice.add(new Option(pick.textContent, pick.dataset.pick)); // somebody who has signed in since
    }
    choice.value = pick.dataset.pick;
    mark();
    choice.form.elements.why.focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    const row = document.querySelector(`[data-operator="${CSS.escape(choice.value)}"]`) ?? document;
    row.querySelector(`[data-hear="${CSS.escape(event.key.toUpperCase())}"]`)?.click();
  });
})();
