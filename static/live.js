// The answer follows the slider and the field. Whatever fails here, the form goes on working by itself.

const FOLLOW_MS = 80;
const ANNOUNCE_MS = 900;
const LONGEST = 100; // no size is longer, and an address must not be

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

// The unit last chosen is kept in this browser, where no server learns it; a browser may forbid even that.
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

// Equal ways of the thumb are equal ratios, as on the chart: 100 sq ft more mean little to a mansion.
const toSqft = (position) => smallest * (largest / smallest) ** (position / slider.max);
const toPosition = (sqft) => Math.round((slider.max * Math.log(sqft / smallest)) / Math.log(largest / smallest));

// In the unit that is chosen: a round figure, but never one beyond the ends.
function sizeAt(position) {
  const sqft = checkedUnit().dataset.sqft;
  const size = toSqft(position) / sqft;
  const step = size < 200 ? 1 : size < 2000 ? 10 : 50;
  const round = Math.round(size / step) * step;
  return Math.min(Math.max(round, Math.ceil(smallest / sqft)), Math.floor(largest / sqft));
}

const unitName = () => checkedUnit().labels[0].textContent.trim();

let asked = new AbortController();
let followTimer;
let sliding = false; // then the thumb is where it should be, and its round figure must not move it back
let announceTimer;

function show(answer) {
  // Our own server's HTML, which has escaped whatever came from the field.
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
  asked.abort(); // an answer that comes late is none
  asked = new AbortController();
  const { signal } = asked;
  const query = new URLSearchParams({ home_size: field.value, unit: checkedUnit().value });
  try {
    const response = field.value.trim() && field.value.length <= LONGEST ? await fetch(`${form.dataset.preview}?${query}`, { signal }) : null;
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
// An entry is never shown in another unit than its own.
if (!field.value && !location.search) recall();
// A browser that comes back to this page may have filled in the entry by itself.
addEventListener("pageshow", () => {
  sliding = false;
  describeSlider();
  nameTypical();
  if (field.value && field.getAttribute("aria-invalid") !== "true") ask();
});
document.querySelector("#sliding").hidden = false;
