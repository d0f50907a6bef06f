// Show the answer while a slider or a field changes. The form works without this script, too.

const FOLLOW_MS = 80;
const ANNOUNCE_MS = 900;

const form = document.querySelector("#question");
const slider = document.querySelector("#slider");
const preview = document.querySelector("#preview");
const litter = document.querySelector("#litter");
const glance = document.querySelector("#glance");
const announcement = document.querySelector("#announcement");

// Not by form.elements, because a field of that name would hide it.
const fieldOf = (number) => form.querySelector(`.entry[name="${number}"]`);
// A number without a unit may be a year, and has no comma below 10,000.
const inWords = (value, { label }) =>
  value.toLocaleString("en", { maximumSignificantDigits: 10, useGrouping: label ? "always" : "min2" });

// The radios of units; a number without a choice of units has none.
const units = [...form.querySelectorAll("[data-unit-of]")];
const unitsOf = (number) => units.filter((radio) => radio.dataset.unitOf === number);
const unitOf = (number) => unitsOf(number).find((radio) => radio.checked) ?? unitsOf(number)[0];
const withUnit = (value, { number, label }) =>
  `${value} ${unitOf(number)?.labels[0].textContent.trim() ?? label}`.trim();

// Keep the chosen units in this browser's storage, which throws if the browser forbids it.
function remember({ target }) {
  try {
    localStorage.setItem(target.name, target.value);
  } catch {}
}
function recall() {
  try {
    for (const radio of units) if (radio.value === localStorage.getItem(radio.name)) radio.checked = true;
  } catch {}
}

// Convert between the slider's position and a value in the first unit, on the same scale as the chart's.
const logarithmic = slider?.dataset.scale === "log";
const [smallest, largest] = [slider?.dataset.smallest, slider?.dataset.largest].map(Number);
const toValue = (share) =>
  logarithmic ? smallest * (largest / smallest) ** share : smallest + share * (largest - smallest);
const toShare = (value) =>
  logarithmic
    ? Math.log(value / smallest) / Math.log(largest / smallest)
    : (value - smallest) / (largest - smallest);

// Return the value at the slider's position in the chosen unit: a round figure within its ends.
function sliderValue() {
  const factor = Number(unitOf(slider.dataset.number)?.dataset.factor ?? 1);
  const [low, high] = [smallest / factor, largest / factor];
  const exact = toValue(slider.value / slider.max) / factor;
  const step = 10 ** Math.floor(Math.log10(logarithmic ? exact / 20 : (high - low) / 100));
  const [least, most] = [Math.ceil(low / step) * step, Math.floor(high / step) * step];
  const round = Math.min(Math.max(Math.round(exact / step) * step, least), most);
  return inWords(Number(round.toPrecision(10)), slider.dataset);
}

function describeSlider() {
  slider?.setAttribute("aria-valuetext", withUnit(sliderValue(), slider.dataset));
}

let pending = new AbortController();
let followTimer;
let held = false; // while the user slides, the answer's round figure must not move the thumb
let announceTimer;

function show(answer) {
  // HTML from our own server, which escapes the entry.
  preview.innerHTML = answer;
  const found = preview.firstElementChild;
  preview.hidden = !found;
  litter.hidden = Boolean(found);
  const picture = found?.querySelector(".portrait")?.cloneNode();
  glance.replaceChildren(...[picture, found?.dataset.glance].filter(Boolean));
  clearTimeout(announceTimer);
  if (!found) return;
  if (slider && !held && found.dataset.number)
    slider.value = Math.round(slider.max * toShare(Number(found.dataset.number)));
  describeSlider();
  announceTimer = setTimeout(() => {
    announcement.textContent = found.dataset.announcement;
  }, ANNOUNCE_MS);
}

async function ask() {
  pending.abort(); // an answer to an older entry must not be shown
  pending = new AbortController();
  const { signal } = pending;
  const answers = [...new FormData(form)];
  try {
    // The length of an address is limited, and a script may exceed the `maxlength` of a field.
    const mayAsk = [...form.querySelectorAll("input.entry")].every((entry) => entry.value.length <= entry.maxLength);
    const begun = answers.some(([name, value]) => value.trim() && units.every((radio) => radio.name !== name));
    const address = `${preview.dataset.address}?${new URLSearchParams(answers)}`;
    const response = mayAsk && begun ? await fetch(address, { signal }) : null;
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

slider?.addEventListener("input", () => {
  held = true;
  fieldOf(slider.dataset.number).value = sliderValue();
  describeSlider();
  follow();
});
form.addEventListener("input", (event) => {
  if (event.target === slider) return;
  held = false;
  follow();
});

// Values for people who do not know theirs: a click fills the field in.
for (const typical of form.querySelectorAll(".typical")) {
  const field = fieldOf(typical.dataset.number);
  const value = (link) => Number(link.dataset[unitOf(field.name)?.value ?? typical.dataset.unit]);
  const name = () => {
    for (const link of typical.querySelectorAll("a")) {
      link.querySelector("span").textContent = withUnit(inWords(value(link), typical.dataset), typical.dataset);
      const query = new URLSearchParams(new FormData(form));
      query.set(field.name, value(link));
      link.search = query;
    }
  };
  typical.addEventListener("toggle", name);
  for (const radio of unitsOf(field.name)) radio.addEventListener("change", name);
  addEventListener("pageshow", name);
  typical.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    held = false;
    field.value = inWords(value(link), typical.dataset);
    field.focus();
    follow();
  });
}

for (const radio of units) radio.addEventListener("change", remember);
// Restore the last units only where there is no entry, which has a unit of its own.
if (!location.search) recall();
// A browser that returns to this page may restore the entries.
addEventListener("pageshow", () => {
  held = false;
  describeSlider();
  if (!form.querySelector(".field-error")) ask();
});
if (slider) document.querySelector("#sliding").hidden = false;
