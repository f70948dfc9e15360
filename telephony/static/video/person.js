// The person's page: the officer first, then one button. What the link opens is asked for by POST, so that nobody who
// only previews the address uses it up.
"use strict";

const main = document.querySelector("main");
const words = document.querySelector("[data-words]").dataset;
const parts = (name) => document.querySelectorAll(`[data-of="${name}"]`);
const part = (name) => parts(name)[0];
const PICTURE_WITHIN = 8; // seconds without a picture before we say so
let line = null;
let peer = null;
let ways = null;
let media = null;
let joined = false;
let said = "";
let blind = 0;

function at(place) {
  main.dataset.at = place;
  for (const section of document.querySelectorAll("[data-for]")) section.hidden = section.dataset.for !== place;
}

function over(why) {
  if (line) line.close();
  if (peer) peer.close();
  if (media) media.stream.getTracks().forEach((track) => track.stop());
  line = peer = media = null;
  main.dataset.why = why;
  part("over").textContent = words[why] || words.ended;
  at("over");
}

function note(text) {
  part("note").textContent = text;
}

async function open(tries) {
  const secret = location.pathname.split("/").pop();
  try {
    const answer = await fetch("/open", { method: "POST", body: JSON.stringify({ secret }) });
    const told = await answer.json();
    if (answer.ok) return greet(told.card);
    // The SMS may be quicker than the centre's word to the relay.
    if (told.why === "unknown" && tries < 5) return void setTimeout(() => open(tries + 1), 1500);
    return over(told.why === "used" ? "used" : "gone");
  } catch (unreachable) {
    if (tries < 5) return void setTimeout(() => open(tries + 1), 1500);
    return over("failed");
  }
}

function greet(card) {
  if (!card) return over("gone");
  part("face").src = card.face;
  for (const name of ["name", "badge", "station"]) for (const one of parts(name)) one.textContent = card[name];
  at("card");
  line = new Line(location.origin.replace("http", "ws") + "/line/person", null, hear, (lost, taken) => {
    if (taken) over("used");
    else if (lost && joined) note(words.lost);
    else if (!lost && part("note").textContent === words.lost) note("");
  });
}

function hear(word) {
  if (word.tell === "hello") {
    ways = word.ways;
    said = "";
    if (joined) line.say({ do: "join", camera: media.camera });
  } else if (word.tell === "signal") answer(word.signal);
  else if (word.tell === "stage" && word.stage === "over" && main.dataset.at !== "over") over("ended");
}

function answer(signal) {
  if (!joined) return;
  if (!peer || peer.session !== signal.session) {
    if (!signal.sdp || signal.sdp.type !== "offer") return;
    if (peer) peer.close();
    said = "";
    const tell = (it) => line && line.say({ do: "signal", signal: it });
    peer = new Peer(signal.session, ways, media.stream, part("theirs"), tell, told, shown);
  }
  peer.hear(signal).catch(() => note(words.lost));
}

function told(flow) {
  part("wait").hidden = flow.sound;
  blind = flow.sound && !flow.picture ? blind + 1 : 0;
  if (blind === PICTURE_WITHIN) note(words.picture);
  else if (flow.picture && part("note").textContent === words.picture) note("");
  const now = `${flow.sound} ${flow.picture}`;
  if (now !== said && line) line.say({ do: "flow", sound: flow.sound, picture: flow.picture });
  said = now;
}

function shown(address) {
  const board = part("board");
  if (board.src) URL.revokeObjectURL(board.src);
  board.hidden = !address;
  if (address) board.src = address;
  else board.removeAttribute("src");
}

async function join() {
  at("talk");
  media = await lent();
  if (!line) return; // it ended while the phone was asking
  joined = true;
  part("own").hidden = !media.camera;
  part("own").srcObject = media.stream;
  if (!media.sound) note(words.listen);
  else if (!media.camera) note(words.camera);
  line.say({ do: "join", camera: media.camera });
}

function mute(button) {
  const muted = button.getAttribute("aria-pressed") !== "true";
  if (media) media.stream.getAudioTracks().forEach((track) => (track.enabled = !muted));
  button.setAttribute("aria-pressed", String(muted));
  button.textContent = muted ? words.unmute : words.mute;
}

const ACTS = {
  join,
  mute,
  leave: () => {
    if (line) line.say({ do: "leave" });
    setTimeout(() => over("ended"), 200); // the word goes first
  },
  refuse: () => {
    if (line) line.say({ do: "refuse" });
    setTimeout(() => over("refused"), 200);
  },
};
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    ACTS[button.dataset.do](button);
  });
}

if (window.RTCPeerConnection && navigator.mediaDevices && window.WebSocket) open(0);
else over("old");
