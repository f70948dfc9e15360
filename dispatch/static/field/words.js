// The page's words in both languages, as the page brought them; the code says them in English.

import { now as centreNow } from "./clock.js";

const told = JSON.parse(document.getElementById("words").textContent);
const LANGUAGES = { "zh-hans": "zh-CN", en: "en" };
let language = localStorage.getItem("field-language") || document.documentElement.dataset.language;
if (!(language in LANGUAGES)) language = "zh-hans";

export const spoken = () => language;
export const other = () => (language === "en" ? "zh-hans" : "en");

export function speak(code) {
  language = code;
  localStorage.setItem("field-language", code);
  document.documentElement.lang = LANGUAGES[code];
}

/** A sentence in the reader's language; `{name}` is filled from `more`. */
export function t(text, more = {}, code = language) {
  const said = told[code].words[text] ?? text;
  return said.replace(/\{(\w+)\}/g, (_all, name) => more[name] ?? "");
}

/** A code's name: kind is level, fraud, result, disposition, order, news. */
export const named = (kind, code) => told[language].codes[kind]?.[code] ?? code;

/** The form at the door: [{code, part, text}]. */
export const questions = () => told[language].questions;
/** Banks to press: [{name, text}]. */
export const banks = () => told[language].banks;
export const source = () => told[language].source;

/** How long ago, in words. */
export function ago(moment, now = centreNow()) {
  const minutes = Math.floor((now - Date.parse(moment)) / 60_000);
  if (minutes < 1) return t("just now");
  if (minutes < 60) return t("{n} min ago", { n: minutes });
  if (minutes < 48 * 60) return t("{n} h ago", { n: Math.floor(minutes / 60) });
  return t("{n} days ago", { n: Math.floor(minutes / 1440) });
}

/** Time left of a promise as 04:12, or how far it is broken as +03:12. */
export function left(moment, now = centreNow()) {
  const seconds = Math.round((Date.parse(moment) - now) / 1000);
  const whole = Math.abs(seconds);
  const pair = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const text = `${hours ? `${hours}:` : ""}${pair(Math.floor((whole % 3600) / 60))}:${pair(whole % 60)}`;
  return seconds < 0 ? `+${text}` : text;
}

/** The time; the day, too, where it is not today's. */
export function clock(moment) {
  const at = new Date(moment);
  const day = at.toDateString() === new Date(centreNow()).toDateString() ? {} : { month: "2-digit", day: "2-digit" };
  return at.toLocaleString(LANGUAGES[language], { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}
