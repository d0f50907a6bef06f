// Show the answer while a slider or a field changes. The form works without this script, too.

const FOLLOW_MS = 80;
const ANNOUNCE_MS = 900;

const form = document.querySelector("#question");
const slider = document.querySelector("#slider");
const preview = document.querySelector("#preview");
const litter = document.querySelector("#litter");
const glance = document.querySelector("#glance");
const announcement = document.querySelector("#announcement");

// The radios of a number's units; a number without a choice of units has none.
const unitsOf = (number) => [...form.querySelectorAll(`[data-unit-of="${number}"]`)];
const unitOf = (number) => unitsOf(number).find((radio) => radio.checked) ?? unitsOf(number)[0];

// Keep the chosen unit of each number in this browser's storage, which throws if the browser forbids it.
function remember({ target }) {
  try {
    localStorage.setItem(target.name, target.value);
  } catch {}
}
function recall(radios) {
  try {
    const last = radios.find((radio) => radio.value === localStorage.getItem(radio.name));
    if (last) last.checked = true;
  } catch {}
}

// Return a slider that follows the form's first number; one that does nothing where there is none.
function slide() {
  if (!slider) return { follow() {}, describe() {}, value: () => "" };
  const { number, scale, label } = slider.dataset;
  const [smallest, largest] = [Number(slider.dataset.smallest), Number(slider.dataset.largest)];

  // Convert between the slider's position and a value in the first unit, on the same scale as the chart's.
  const toValue = (share) =>
    scale === "log" ? smallest * (largest / smallest) ** share : smallest + share * (largest - smallest);
  const toShare = (value) =>
    scale === "log"
      ? Math.log(value / smallest) / Math.log(largest / smallest)
      : (value - smallest) / (largest - smallest);

  // Return the value at the slider's position in the chosen unit: a round figure within its ends.
  function value() {
    const factor = Number(unitOf(number)?.dataset.factor ?? 1);
    const [low, high] = [smallest / factor, largest / factor];
    const exact = toValue(slider.value / slider.max) / factor;
    const step = 10 ** Math.floor(Math.log10(scale === "log" ? exact / 20 : (high - low) / 100));
    const [least, most] = [Math.ceil(low / step) * step, Math.floor(high / step) * step];
    const round = Math.min(Math.max(Math.round(exact / step) * step, least), most);
    return Number(round.toPrecision(5)).toLocaleString("en");
  }
  return {
    follow(shown) {
      slider.value = Math.round(slider.max * toShare(shown));
    },
    describe() {
      const unit = unitOf(number)?.labels[0].textContent.trim() ?? label;
      slider.setAttribute("aria-valuetext", `${value()} ${unit}`.trim());
    },
    value,
  };
}
const sliding = slide();

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
  glance?.replaceChildren(...(found ? [...(picture ? [picture] : []), found.dataset.glance] : []));
  clearTimeout(announceTimer);
  if (!found) return;
  if (!held && found.dataset.number) sliding.follow(Number(found.dataset.number));
  sliding.describe();
  announceTimer = setTimeout(() => {
    announcement.textContent = found.dataset.announcement;
  }, ANNOUNCE_MS);
}

async function ask() {
  pending.abort(); // an answer to an older entry must not be shown
  pending = new AbortController();
  const { signal } = pending;
  const fields = [...form.querySelectorAll("input.entry")];
  try {
    // The length of an address is limited, and a script may exceed the `maxlength` of a field.
    const mayAsk = fields.every((field) => field.value.length <= field.maxLength);
    const begun = fields.some((field) => field.value.trim()) || !fields.length;
    const query = new URLSearchParams(new FormData(form));
    const response = mayAsk && begun ? await fetch(`${form.dataset.preview}?${query}`, { signal }) : null;
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
  form.elements[slider.dataset.number].value = sliding.value();
  sliding.describe();
  follow();
});
form.addEventListener("input", (event) => {
  if (event.target === slider) return;
  held = false;
  follow();
});

// Values for people who do not know theirs: a click fills the field in.
for (const typical of form.querySelectorAll(".typical")) {
  const field = form.elements[typical.dataset.number];
  const unit = () => unitOf(field.name);
  const value = (link) => Number(link.dataset[unit()?.value ?? "value"]);
  const name = () => {
    for (const link of typical.querySelectorAll("a")) {
      const label = unit()?.labels[0].textContent.trim() ?? typical.dataset.label;
      link.querySelector("span").textContent = `${value(link).toLocaleString("en")} ${label}`.trim();
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
    field.value = value(link).toLocaleString("en");
    field.focus();
    follow();
  });
}

for (const radio of form.querySelectorAll("[data-unit-of]")) radio.addEventListener("change", remember);
// Restore the last units only where there is no entry, which has a unit of its own.
if (!location.search) recall([...form.querySelectorAll("[data-unit-of]")]);
// A browser that returns to this page may restore the entries.
addEventListener("pageshow", () => {
  held = false;
  sliding.describe();
  if (!form.querySelector("[aria-invalid], .field-error")) ask();
});
if (slider) document.querySelector("#sliding").hidden = false;
