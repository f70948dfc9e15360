// The operator's page of a video call: both pictures, mute, a picture to show. It offers, the person's page answers.
"use strict";

const root = document.querySelector("[data-video]");
const phrases = root.querySelector("[data-words]").dataset;
const way = JSON.parse(document.getElementById("way").textContent);
const part = (name) => root.querySelector(`[data-of="${name}"]`);
const PICTURE_WITHIN = 8; // seconds without a picture before we say so
let line = null;
let peer = null;
let ways = null;
let media = null;
let blind = 0;
let said = "";
let board = null;

function note(text) {
  part("note").textContent = text;
}

function hear(word) {
  if (word.tell === "hello") {
    ways = word.ways;
    said = "";
  } else if (word.tell === "joined") {
    if (!word.camera) note(phrases.camera);
    begin();
  } else if (word.tell === "signal") {
    if (peer && word.signal.session === peer.session) peer.hear(word.signal).catch(() => note(phrases.lost));
  } else if (word.tell === "stage") stage(word);
}

function stage(word) {
  root.dataset.stage = word.stage;
  root.dataset.result = word.result || "";
  if (word.stage !== "talking") part("stage").textContent = phrases[word.stage];
  if ((word.stage === "joined" || word.stage === "talking") && word.there && !peer) begin(); // this page was loaded anew
  if (word.stage === "over") {
    if (peer) peer.close();
    peer = null;
    line.close();
    media.stream.getTracks().forEach((track) => track.stop());
    part("stage").hidden = false;
  }
}

function begin() {
  if (peer) peer.close();
  said = "";
  const tell = (it) => line.say({ do: "signal", signal: it });
  peer = new Peer(Date.now(), ways, media.stream, part("theirs"), tell, told, () => {});
  peer.offer().catch(() => note(phrases.lost));
}

function told(flow) {
  part("stage").hidden = flow.sound;
  blind = flow.sound && !flow.picture ? blind + 1 : 0;
  if (blind === PICTURE_WITHIN && part("note").textContent !== phrases.camera) note(phrases.picture);
  else if (flow.picture && part("note").textContent === phrases.picture) note("");
  const now = `${flow.sound} ${flow.picture}`;
  if (now !== said) line.say({ do: "flow", sound: flow.sound, picture: flow.picture });
  said = now;
}

function toggle(button, tracks) {
  const off = button.getAttribute("aria-pressed") !== "true";
  for (const track of tracks) track.enabled = !off;
  button.setAttribute("aria-pressed", String(off));
}

// A line or two in letters that a phone shows large, as a picture.
function drawn(text) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 720, height: 960 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, 720, 960);
  pen.fillStyle = "#14202e";
  pen.font = '700 56px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif';
  let top = 120;
  for (const paragraph of text.split("\n")) {
    let row = "";
    for (const letter of paragraph) {
      if (pen.measureText(row + letter).width > 640) {
        pen.fillText(row, 40, top);
        top += 76;
        row = "";
      }
      row += letter;
    }
    pen.fillText(row, 40, top);
    top += 92;
  }
  return new Promise((made) => canvas.toBlob(made, "image/png"));
}

// A picture from a file, made small, so that a weak line carries it.
async function shrunk(file) {
  const bitmap = await createImageBitmap(file);
  const share = Math.min(1, 1280 / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: bitmap.width * share, height: bitmap.height * share });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.85));
}

async function show(picture) {
  if (!peer || !(await peer.show(picture))) return;
  if (board) URL.revokeObjectURL(board);
  board = picture ? URL.createObjectURL(picture) : null;
  part("board").hidden = !board;
  if (board) part("board").src = board;
}

root.querySelector("[data-show]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = event.target.querySelector("[type=file]").files[0];
  const text = event.target.querySelector("textarea").value.trim();
  if (file) show(await shrunk(file));
  else if (text) show(await drawn(text));
});

const ACTS = {
  mute: (button) => toggle(button, media.stream.getAudioTracks()),
  camera: (button) => toggle(button, media.stream.getVideoTracks()),
  hang_up: () => line.say({ do: "hang_up" }),
  clear: () => {
    root.querySelector("[data-show]").reset();
    show(null);
  },
};
for (const button of root.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => ACTS[button.dataset.do](button));
}

(async () => {
  media = await lent();
  part("own").srcObject = media.stream;
  if (!media.sound) note(phrases.none);
  line = new Line(way.line, { token: way.token }, hear, (lost, taken) => {
    if (taken && peer) peer.close();
    if (lost) note(taken ? phrases.taken : phrases.lost);
    else if (part("note").textContent === phrases.lost) note("");
  });
})();
