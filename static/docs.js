// Set up Swagger UI. This is a file, because the Content-Security-Policy allows no script inside the page.
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
  // By default the document is sent to a validator of Swagger's.
  validatorUrl: null,
});
