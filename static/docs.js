// Swagger UI, set up from what the page says: the page's policy allows no script in it.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const routes = document.getElementById("routes");

window.ui = window.SwaggerUIBundle({
  url: routes.dataset.document,
  domNode: routes,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // Nobody else is asked what they think of the document.
  validatorUrl: null,
});
