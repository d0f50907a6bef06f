const response = await fetch("{{ origin }}/api/predict", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({{ body }}),
});
const answer = await response.json();
console.log(response.ok ? `${answer.name}, ${Math.round(answer.probability * 100)}%` : answer.detail);
