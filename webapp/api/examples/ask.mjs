const response = await fetch("http://localhost:8000/api/predict", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ home_size: 4000 }),
});
const answer = await response.json();
console.log(response.ok ? `${answer.name}, ${Math.round(answer.probability * 100)}%` : answer.detail);
