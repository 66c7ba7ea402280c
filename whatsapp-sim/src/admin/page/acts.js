// A form for every act of the admin API, made from its own document.

import { el } from "./element.js";

/** Every operation of the document. */
export function operations(document) {
  const schema = (value) => (value?.$ref ? document.components.schemas[value.$ref.split("/").pop()] : value);
  return Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => {
    const [[kind, content] = []] = Object.entries(operation.requestBody?.content ?? {});
    const example = content && (content.example ?? schema(content.schema)?.example ?? {});
    return { method: method.toUpperCase(), path, operation, tag: operation.tags?.[0] ?? "", kind, example };
  }));
}

/** A form that does any of these operations; `own` puts the chosen phone and chat into an example. */
export function actForm(into, list, request, own) {
  const choice = el("select", { "aria-label": "What to do" });
  for (const tag of new Set(list.map((one) => one.tag))) {
    choice.append(el("optgroup", { label: tag }, list.filter((one) => one.tag === tag).map((one) => el("option", { value: list.indexOf(one) },
      `${one.operation.summary ?? one.path} (${one.method} ${one.path})`))));
  }
  const fields = el("div", { class: "act" });
  const result = el("pre", { class: "result", hidden: true, tabindex: "0", role: "status" });
  const open = () => {
    const { operation, kind, example } = list[choice.value];
    const body = typeof example === "string" ? example : JSON.stringify(example ?? {}, null, 2);
    fields.replaceChildren(
      ...(operation.description ? [el("p", { class: "note" }, operation.description)] : []),
      ...(operation.parameters ?? []).map((parameter) => el("label", {}, parameter.name, el("input", {
        name: parameter.name, required: parameter.required, "data-in": parameter.in, "data-number": parameter.name === "number" && parameter.in === "path",
        value: parameter.in === "path" ? own(String(parameter.example ?? "")) : null, placeholder: parameter.description }))),
      ...(kind ? [el("label", {}, `Body (${kind})`, el("textarea", { rows: Math.min(12, body.split("\n").length + 1), spellcheck: "false", "data-in": "body" }))] : []));
    if (kind) fields.querySelector("textarea").value = own(body);
  };
  const send = async (event) => {
    event.preventDefault();
    const { method, path, kind } = list[choice.value];
    const query = new URLSearchParams();
    let to = path;
    for (const input of fields.querySelectorAll("input")) {
      if (input.dataset.in === "path") to = to.replace(`{${input.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(input.name, input.value);
    }
    const text = fields.querySelector("textarea")?.value;
    try {
      const answer = await request(method, query.size ? `${to}?${query}` : to, kind === "application/json" ? JSON.parse(text) : text);
      result.textContent = JSON.stringify(answer.data ?? answer, null, 2);
      result.className = "result";
    } catch (error) {
      result.textContent = error.message;
      result.className = "result bad";
    }
    result.hidden = false;
  };
  choice.addEventListener("change", open);
  into.replaceChildren(el("form", { class: "act", onsubmit: send, autocomplete: "off" }, choice, fields, el("div", { class: "row" }, el("button", { class: "main", type: "submit" }, "Do it")), result));
  open();
}
