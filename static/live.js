// Show the answer while the slider or the field changes. The form works without this script, too.

const FOLLOW_MS = 80;
const ANNOUNCE_MS = 900;

const form = document.querySelector("#question");
const field = document.querySelector("#home_size");
const slider = document.querySelector("#slider");
const preview = document.querySelector("#preview");
const typical = document.querySelector(".typical");
const litter = document.querySelector("#litter");
const glance = document.querySelector("#glance");
const announcement = document.querySelector("#announcement");

const units = [...form.elements.unit];
const checkedUnit = () => units.find((radio) => radio.checked) ?? units[0];

// Keep the chosen unit in this browser's storage, which throws if the browser forbids it.
function remember() {
  try {
    localStorage.setItem("unit", checkedUnit().value);
  } catch {}
}
function recall() {
  try {
    const last = units.find((radio) => radio.value === localStorage.getItem("unit"));
    if (last) last.checked = true;
  } catch {}
}

const { smallest, largest } = Object.fromEntries(
  Object.entries(slider.dataset).map(([name, value]) => [name, Number(value)]),
);

// Convert between the slider's position and a size, on a logarithmic scale as on the chart.
const toSqft = (position) => smallest * (largest / smallest) ** (position / slider.max);
const toPosition = (sqft) => Math.round((slider.max * Math.log(sqft / smallest)) / Math.log(largest / smallest));

// Return the size at a position in the chosen unit: a round figure within the ends of the slider.
function sizeAt(position) {
  const sqft = checkedUnit().dataset.sqft;
  const size = toSqft(position) / sqft;
  const step = size < 200 ? 1 : size < 2000 ? 10 : 50;
  const round = Math.round(size / step) * step;
  return Math.min(Math.max(round, Math.ceil(smallest / sqft)), Math.floor(largest / sqft));
}

const unitName = () => checkedUnit().labels[0].textContent.trim();

let pending = new AbortController();
let followTimer;
let sliding = false; // while the user slides, the answer's round figure must not move the thumb
let announceTimer;

function show(answer) {
  // HTML from our own server, which escapes the entry.
  preview.innerHTML = answer;
  const found = preview.firstElementChild;
  preview.hidden = !found;
  litter.hidden = Boolean(found);
  glance.replaceChildren(...(found ? [found.querySelector("img").cloneNode(), found.dataset.glance] : []));
  clearTimeout(announceTimer);
  if (!found) return;
  if (!sliding) slider.value = toPosition(Number(found.dataset.sqft));
  describeSlider();
  announceTimer = setTimeout(() => {
    announcement.textContent = found.dataset.announcement;
  }, ANNOUNCE_MS);
}

function describeSlider() {
  slider.setAttribute("aria-valuetext", `${sizeAt(slider.value).toLocaleString("en")} ${unitName()}`);
}

async function ask() {
  pending.abort(); // an answer to an older entry must not be shown
  pending = new AbortController();
  const { signal } = pending;
  const query = new URLSearchParams({ home_size: field.value, unit: checkedUnit().value });
  try {
    // The length of an address is limited, and a script may exceed the `maxlength` of the field.
    const mayAsk = field.value.trim() && field.value.length <= field.maxLength;
    const response = mayAsk ? await fetch(`${form.dataset.preview}?${query}`, { signal }) : null;
    const answer = response?.status === 200 ? await response.text() : "";
    if (!signal.aborted) show(answer);
  } catch {
    if (!signal.aborted) show("");
  }
}

const typicalSize = (link) => Number(link.dataset[checkedUnit().value]).toLocaleString("en");

function nameTypical() {
  for (const link of typical.querySelectorAll("a")) {
    link.querySelector("span").textContent = `${typicalSize(link)} ${unitName()}`;
    link.search = new URLSearchParams({ home_size: link.dataset[checkedUnit().value], unit: checkedUnit().value });
  }
}

function follow() {
  clearTimeout(followTimer);
  followTimer = setTimeout(ask, FOLLOW_MS);
}

slider.addEventListener("input", () => {
  sliding = true;
  field.value = sizeAt(slider.value).toLocaleString("en");
  describeSlider();
  follow();
});
form.addEventListener("input", (event) => {
  if (event.target === slider) return;
  sliding = false;
  follow();
});
typical.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  sliding = false;
  field.value = typicalSize(link);
  field.focus();
  follow();
});
for (const radio of units) {
  radio.addEventListener("change", nameTypical);
  radio.addEventListener("change", remember);
}
// Restore the last unit only where there is no entry, which has a unit of its own.
if (!field.value && !location.search) recall();
// A browser that returns to this page may restore the entry.
addEventListener("pageshow", () => {
  sliding = false;
  describeSlider();
  nameTypical();
  if (field.value && field.getAttribute("aria-invalid") !== "true") ask();
});
document.querySelector("#sliding").hidden = false;
