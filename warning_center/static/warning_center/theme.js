// Light, dark, or as the system: chosen once for all pages. The admin's theme reads the same place.
"use strict";

{
  const KEY = "_x_adminTheme"; // as the theme's own switch keeps it: JSON
  const MODES = ["auto", "light", "dark"];

  const chosen = () => {
    const kept = (localStorage.getItem(KEY) ?? "").replaceAll('"', "");
    return MODES.includes(kept) ? kept : "auto";
  };

  const show = () => {
    const dark = chosen() === "dark" || (chosen() === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("light", !dark);
  };

  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".theme-toggle")) return;
    localStorage.setItem(KEY, JSON.stringify(MODES[(MODES.indexOf(chosen()) + 1) % MODES.length]));
    show();
  });
}
