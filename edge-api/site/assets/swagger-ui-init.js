// Shows the document of this server. What is typed into "Authorize" stays in the memory of the page.
SwaggerUIBundle({
  url: "/api-docs.json",
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
