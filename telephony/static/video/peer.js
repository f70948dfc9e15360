// One line to the relay, and one connection between the two pages: sound, picture, and a board to show pictures on.
// The desk offers, the person answers. No libraries, and no newer JavaScript than an old phone has.
"use strict";

const CHUNK = 16000; // bytes of a picture in one message: all browsers take that

class Line {
  // `first`: what is said at once, or null. `hear(word)` hears the relay; `lost(isLost, taken)` that it is out of reach,
  // or that a newer page has taken our place.
  constructor(address, first, hear, lost) {
    Object.assign(this, { address, first, hear, lost, tries: 0, over: false });
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.address);
    this.socket.onopen = () => {
      this.tries = 0;
      if (this.first) this.socket.send(JSON.stringify(this.first));
    };
    this.socket.onmessage = (event) => {
      this.lost(false);
      this.hear(JSON.parse(event.data));
    };
    this.socket.onclose = (event) => {
      if (this.over) return;
      this.lost(true, event.code === 4001);
      if (event.code === 4001 || event.code === 4403) return;
      this.tries += 1;
      setTimeout(() => this.over || this.open(), Math.min(5000, 500 * this.tries));
    };
  }

  say(word) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(word));
  }

  close() {
    this.over = true;
    this.socket.close();
  }
}

class Peer {
  // `own`: our MediaStream, perhaps empty; `say(signal)` reaches the other page; `told({sound, picture, frames})` each second;
  // `shown(address)` a picture, or "" for none any more.
  constructor(session, ways, own, video, say, told, shown) {
    Object.assign(this, { session, video, say, told, shown, frames: 0, early: [], came: null });
    const pc = new RTCPeerConnection(ways);
    this.pc = pc;
    this.own = own;
    pc.onicecandidate = (event) => event.candidate && this.signal({ ice: event.candidate.toJSON() });
    pc.ontrack = (event) => {
      const stream = video.srcObject || new MediaStream();
      stream.addTrack(event.track);
      video.srcObject = stream;
      const playing = video.play();
      if (playing) playing.catch(() => {});
    };
    pc.ondatachannel = (event) => this.board(event.channel);
    this.timer = setInterval(() => this.look(), 1000);
  }

  signal(what) {
    this.say(Object.assign({ session: this.session }, what));
  }

  board(channel) {
    this.channel = channel;
    channel.binaryType = "arraybuffer";
    channel.onmessage = (event) => {
      if (typeof event.data !== "string") {
        if (this.came) this.came.parts.push(event.data);
        return;
      }
      const word = JSON.parse(event.data);
      if (word.begin) this.came = { type: word.begin, parts: [] };
      else if (word.end && this.came) {
        if (/^image\/(jpeg|png|webp)$/.test(this.came.type)) {
          this.shown(URL.createObjectURL(new Blob(this.came.parts, { type: this.came.type })));
        }
        this.came = null;
      } else if (word.clear) this.shown("");
    };
  }

  // ---- The desk's part

  async offer(restart) {
    if (!this.offered) {
      this.offered = true;
      this.board(this.pc.createDataChannel("board"));
      for (const kind of ["audio", "video"]) {
        const track = this.own.getTracks().find((one) => one.kind === kind);
        if (track) this.pc.addTransceiver(track, { direction: "sendrecv", streams: [this.own] });
        else this.pc.addTransceiver(kind, { direction: "recvonly" });
      }
      this.pc.onconnectionstatechange = () => {
        if (this.pc.connectionState === "failed") this.offer(true);
      };
    }
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: Boolean(restart) }));
    this.signal({ sdp: this.pc.localDescription.toJSON() });
  }

  // Show a picture, a Blob; null takes it away.
  async show(picture) {
    if (!this.channel || this.channel.readyState !== "open") return false;
    if (!picture) {
      this.channel.send(JSON.stringify({ clear: true }));
      return true;
    }
    const bytes = await picture.arrayBuffer();
    this.channel.send(JSON.stringify({ begin: picture.type }));
    for (let at = 0; at < bytes.byteLength; at += CHUNK) this.channel.send(bytes.slice(at, at + CHUNK));
    this.channel.send(JSON.stringify({ end: true }));
    return true;
  }

  // ---- Both

  async hear(signal) {
    if (signal.sdp) {
      await this.pc.setRemoteDescription(signal.sdp);
      for (const ice of this.early.splice(0)) await this.pc.addIceCandidate(ice);
      if (signal.sdp.type === "offer") {
        const sending = this.pc.getSenders().map((sender) => sender.track);
        for (const track of this.own.getTracks()) if (!sending.includes(track)) this.pc.addTrack(track, this.own);
        await this.pc.setLocalDescription(await this.pc.createAnswer());
        this.signal({ sdp: this.pc.localDescription.toJSON() });
      }
    } else if (signal.ice) {
      if (this.pc.remoteDescription) await this.pc.addIceCandidate(signal.ice);
      else this.early.push(signal.ice);
    }
  }

  async look() {
    let decoded = 0;
    (await this.pc.getStats()).forEach((one) => {
      if (one.type === "inbound-rtp" && one.kind === "video") decoded += one.framesDecoded || 0;
    });
    const picture = decoded > this.frames;
    this.frames = decoded;
    this.video.dataset.frames = String(decoded);
    this.told({ sound: this.pc.connectionState === "connected", picture, frames: decoded });
  }

  close() {
    clearInterval(this.timer);
    this.pc.close();
    this.video.srcObject = null;
  }
}

// Camera and microphone; failing that the microphone; failing that nothing. With which of the two it was.
async function lent() {
  const asked = navigator.mediaDevices;
  const picture = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
  for (const wish of [{ audio: true, video: picture }, { audio: true }]) {
    try {
      const stream = await asked.getUserMedia(wish);
      return { stream, camera: Boolean(wish.video), sound: true };
    } catch (refused) {
      continue;
    }
  }
  return { stream: new MediaStream(), camera: false, sound: false };
}
