// Building the page: elements from plain values, so that nothing anybody wrote is ever read as HTML.

/** h("button", {class: "deed", onclick: go}, "Go", [more]) */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** What a form holds, by name: texts trimmed, ticks as true or false. */
export function filled(form) {
  const said = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "radio") {
      if (field.checked) said[field.name] = field.value;
    } else if (field.type === "checkbox") said[field.name] = field.checked;
    else said[field.name] = field.value.trim();
  }
  return said;
}

/** Put back into a form what was typed before. */
export function refill(form, said) {
  for (const field of form.elements) {
    if (!field.name || said[field.name] === undefined) continue;
    if (field.type === "radio") field.checked = field.value === said[field.name];
    else if (field.type === "checkbox") field.checked = said[field.name];
    else field.value = said[field.name];
  }
}

/** A picture made smaller, and with it rid of what the camera wrote beside it. */
export async function shrink(file, longest = 1600) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = h("canvas", { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", 0.8);
  });
}

/** Where this phone is: {lat, lon, accuracy}, or null. */
export function position() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    const found = ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude, accuracy: coords.accuracy });
    return navigator.geolocation.getCurrentPosition(found, () => resolve(null), {
      enableHighAccuracy: true, timeout: 6000, maximumAge: 30_000,
    });
  });
}

/** Metres between two places (haversine, mean Earth radius). */
export function metres(a, b) {
  const rad = (degrees) => (degrees * Math.PI) / 180;
  const half = Math.sin(rad(b.lat - a.lat) / 2) ** 2
    + Math.cos(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.sin(rad(b.lon - a.lon) / 2) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.sqrt(Math.min(1, half)));
}
