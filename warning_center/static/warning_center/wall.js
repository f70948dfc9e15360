// Keeps the wallboard fresh; when the centre does not answer the board greys and says since when.
"use strict";

(() => {
  const EVERY = 5000;
  const place = document.querySelector("[data-board]");
  const said = document.querySelector("[data-stale]");

  const stale = (is) => {
    document.body.classList.toggle("stopped", is);
    said.hidden = !is;
    if (is) said.textContent = said.dataset.stale.replace("{time}", place.querySelector("[data-at]")?.dataset.at ?? "");
  };

  const look = async () => {
    try {
      const answer = await fetch(place.dataset.board, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(EVERY) });
      if (!answer.ok) throw new Error(answer.status);
      place.innerHTML = await answer.text();
      stale(false);
    } catch {
      stale(true);
    }
  };

  setInterval(look, EVERY);
})();
