// The answer follows the slider and the field. Whatever fails here, the form goes on working by itself.

const FOLLOW_MS = 80;
const ANNOUNCE_MS = 900;
const LONGEST = 100; // no size is longer, and an address must not be

const form = document.querySelector("#question");
const field = document.querySelector("#home_size");
const slider = document.querySelector("#slider");
const preview = document.querySelector("#preview");
const litter = document.querySelector("#litter");
const announcement = document.querySelector("#announcement");

const units = [...form.elements.unit];
const checkedUnit = () => units.find((radio) => radio.checked) ?? units[0];
const { smallest, largest } = Object.fromEntries(
  Object.entries(slider.dataset).map(([name, value]) => [name, Number(value)]),
);

// Equal ways of the thumb are equal ratios, as on the chart: 100 sq ft more mean little to a mansion.
const toSqft = (position) => smallest * (largest / smallest) ** (position / slider.max);
const toPosition = (sqft) => Math.round((slider.max * Math.log(sqft / smallest)) / Math.log(largest / smallest));

function rounded(size) {
  const step = size < 200 ? 1 : size < 2000 ? 10 : 50;
  return Math.round(size / step) * step;
}

let asked = new AbortController();
let followTimer;
let announceTimer;

function show(answer) {
  // Our own server's HTML, which has escaped whatever came from the field.
  preview.innerHTML = answer;
  const found = preview.firstElementChild;
  preview.hidden = !found;
  litter.hidden = Boolean(found);
  clearTimeout(announceTimer);
  if (!found) return;
  slider.value = toPosition(Number(found.dataset.sqft));
  describeSlider();
  announceTimer = setTimeout(() => {
    announcement.textContent = found.dataset.announcement;
  }, ANNOUNCE_MS);
}

function describeSlider() {
  const unit = checkedUnit();
  const size = rounded(toSqft(slider.value) / unit.dataset.sqft);
  slider.setAttribute("aria-valuetext", `${size.toLocaleString("en")} ${unit.labels[0].textContent.trim()}`);
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

function follow() {
  clearTimeout(followTimer);
  followTimer = setTimeout(ask, FOLLOW_MS);
}

slider.addEventListener("input", () => {
  field.value = rounded(toSqft(slider.value) / checkedUnit().dataset.sqft).toLocaleString("en");
  describeSlider();
  follow();
});
form.addEventListener("input", (event) => {
  if (event.target !== slider) follow();
});
document.querySelector(".typical").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  field.value = Number(link.dataset.size).toLocaleString("en");
  units.find((radio) => radio.value === link.dataset.unit).checked = true;
  field.focus();
  follow();
});
// A browser that comes back to this page may have filled in the entry by itself.
addEventListener("pageshow", () => {
  describeSlider();
  if (field.value && field.getAttribute("aria-invalid") !== "true") ask();
});
